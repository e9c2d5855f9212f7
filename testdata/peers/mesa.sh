#!/bin/bash
# ONNX Runtime's WebGPU refuses the CPU adapter of Debian 12's Mesa 22.3, and takes that
# of 25.0. So on such a system this unpacks the driver of the backports into FOLDER,
# installing nothing, and prints the path of its description for VK_DRIVER_FILES. It
# prints nothing where the installed driver is newer or the caller has named one.
set -euo pipefail
folder=$1
[[ -z ${VK_DRIVER_FILES:-} ]] || exit 0
installed=$(dpkg-query --show --showformat='${Version}' mesa-vulkan-drivers)
dpkg --compare-versions "$installed" lt 25 || exit 0
description=$folder/lvp_icd.json
if [[ ! -e $description ]]; then
    # Sources of its own, so that apt's state stays as it is.
    mkdir -p "$folder"/{lists/partial,sources,package}
    folder=$(cd "$folder" && pwd)
    sed 's/^Suites: \([a-z]*\) .*/Suites: \1 \1-backports/' /etc/apt/sources.list.d/debian.sources >"$folder/sources/debian.sources"
    apt=(-o "Dir::Etc::SourceList=/dev/null" -o "Dir::Etc::SourceParts=$folder/sources" -o "Dir::State::Lists=$folder/lists")
    release=$(. /etc/os-release && echo "$VERSION_CODENAME")
    apt-get "${apt[@]}" update >&2
    (cd "$folder/package" && apt-get "${apt[@]}" download -t "$release-backports" mesa-vulkan-drivers >&2)
    dpkg --extract "$folder"/package/mesa-vulkan-drivers_*.deb "$folder/unpacked"
    library=$(find "$folder/unpacked" -name libvulkan_lvp.so)
    sed "s#\"library_path\": \".*\"#\"library_path\": \"$library\"#" "$folder"/unpacked/usr/share/vulkan/icd.d/lvp_icd.json >"$description.tmp"
    mv "$description.tmp" "$description"
    rm -r "$folder/lists"
fi
realpath "$description"
