/* Prints what Windows' clipboard holds: the name of each registered format with its first number, then the text. It
   shares nothing with Keyfob. */
#include <stdio.h>
#include <windows.h>

int main(void)
{
    UINT format = 0;
    if (!OpenClipboard(NULL))
        return 1;
    while ((format = EnumClipboardFormats(format)) != 0) {
        char name[128];
        HANDLE data = GetClipboardData(format);
        DWORD *number = data ? GlobalLock(data) : NULL;
        if (GetClipboardFormatNameA(format, name, sizeof name))
            printf("%s %lu\n", name, number && GlobalSize(data) >= sizeof *number ? *number : 0);
    }
    HANDLE text = GetClipboardData(CF_UNICODETEXT);
    if (text)
        printf("text %ls\n", (wchar_t *)GlobalLock(text));
    CloseClipboard();
    return 0;
}
