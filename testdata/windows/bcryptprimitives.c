/* A stand-in for bcryptprimitives.dll, which Wine 8 lacks and Go's runtime
   loads for its one function. Built by `make test-windows`. */
#include <windows.h>
#include <ntsecapi.h>

__declspec(dllexport) BOOL WINAPI ProcessPrng(PBYTE data, SIZE_T size) {
    return size <= MAXDWORD && RtlGenRandom(data, (ULONG)size);
}
