/* Keeps Wine's desktop. Otherwise the first program of a test starts it, and it keeps that test's pipes open. */
#include <windows.h>

int main(void)
{
    GetDesktopWindow();
    Sleep(INFINITE);
}
