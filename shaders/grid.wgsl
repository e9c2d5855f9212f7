// Linear workgroup number of a grid that may be folded into rows, because a
// dimension holds at most 65,535 groups (kernels.Grid makes such grids).
fn linear_group(group: vec3u, groups: vec3u) -> u32 {
  return (group.z * groups.y + group.y) * groups.x + group.x;
}
