; The installer: for one user, without an administrator.
;
;   makensis -DPROGRAMS=FOLDER -DVERSION=0.1.0 -DOUTPUT=keyfob-setup.exe packaging/windows/keyfob.nsi
;
; FOLDER has keyfob.exe and keyfob-window.exe. The uninstaller removes what is written here, and nothing else: accounts
; and their secrets stay.

Unicode true
Target amd64-unicode
SetCompressor /SOLID lzma
RequestExecutionLevel user
Name "Keyfob"
OutFile "${OUTPUT}"
InstallDir "$LOCALAPPDATA\Programs\Keyfob"
InstallDirRegKey HKCU "Software\Microsoft\Windows\CurrentVersion\Uninstall\Keyfob" "InstallLocation"
ManifestDPIAware true

VIProductVersion "${VERSION}.0"
VIAddVersionKey "ProductName" "Keyfob"
VIAddVersionKey "ProductVersion" "${VERSION}"
VIAddVersionKey "FileVersion" "${VERSION}"
VIAddVersionKey "FileDescription" "Keyfob setup"
VIAddVersionKey "LegalCopyright" "The Keyfob maintainers, MIT or Apache-2.0"

!include "MUI2.nsh"
!include "StrFunc.nsh"
!include "WinMessages.nsh"
${Using:StrFunc} StrStr
${Using:StrFunc} UnStrRep

!define UNINSTALL "Software\Microsoft\Windows\CurrentVersion\Uninstall\Keyfob"
; Under this name Windows shows Keyfob's notifications: src/platform/notifications.rs.
!define NOTIFICATIONS "Software\Classes\AppUserModelId\Keyfob"

!define MUI_ICON "..\..\assets\icons\keyfob.ico"
!define MUI_UNICON "..\..\assets\icons\keyfob.ico"
!define MUI_FINISHPAGE_RUN "$INSTDIR\keyfob-window.exe"
!define MUI_FINISHPAGE_RUN_TEXT "Open Keyfob"
!insertmacro MUI_PAGE_DIRECTORY
!insertmacro MUI_PAGE_INSTFILES
!insertmacro MUI_PAGE_FINISH
!define MUI_UNCONFIRMPAGE_TEXT_TOP "Keyfob will be removed. Your accounts, tokens and presets stay on this computer: delete the accounts in Keyfob first if you want nothing to remain."
!insertmacro MUI_UNPAGE_CONFIRM
!insertmacro MUI_UNPAGE_INSTFILES
!insertmacro MUI_LANGUAGE "English"

; Terminals that are opened from now on know the new path.
!macro TellPath
    SendMessage ${HWND_BROADCAST} ${WM_SETTINGCHANGE} 0 "STR:Environment" /TIMEOUT=5000
!macroend

Function AddToPath
    ClearErrors
    ReadRegStr $0 HKCU "Environment" "Path"
    ${If} ${Errors}
        ; Either there is none, or it is longer than this installer can read: then it must not be written.
        StrCpy $1 0
        ${Do}
            EnumRegValue $2 HKCU "Environment" $1
            ${If} $2 == "Path"
                DetailPrint "The PATH is too long to be changed. To use keyfob in a terminal, add $INSTDIR to it."
                Return
            ${EndIf}
            IntOp $1 $1 + 1
        ${LoopUntil} $2 == ""
        WriteRegExpandStr HKCU "Environment" "Path" "$INSTDIR"
    ${Else}
        ${StrStr} $1 ";$0;" ";$INSTDIR;"
        ${If} $1 != ""
            Return
        ${EndIf}
        StrLen $1 "$0"
        StrLen $2 "$INSTDIR"
        IntOp $1 $1 + $2
        IntOp $1 $1 + 2
        ${If} $1 >= ${NSIS_MAX_STRLEN}
            DetailPrint "The PATH is too long to be changed. To use keyfob in a terminal, add $INSTDIR to it."
            Return
        ${EndIf}
        WriteRegExpandStr HKCU "Environment" "Path" "$0;$INSTDIR"
    ${EndIf}
    !insertmacro TellPath
FunctionEnd

Section
    SetOutPath "$INSTDIR"
    File "${PROGRAMS}\keyfob.exe"
    File "${PROGRAMS}\keyfob-window.exe"
    File "..\..\README.md"
    File "..\..\CHANGELOG.md"
    File "..\..\LICENSE-MIT"
    File "..\..\LICENSE-APACHE"
    File "..\..\assets\icons\256.png"
    WriteUninstaller "$INSTDIR\uninstall.exe"
    CreateShortcut "$SMPROGRAMS\Keyfob.lnk" "$INSTDIR\keyfob-window.exe" "" "$INSTDIR\keyfob.exe" 0
    WriteRegStr HKCU "${NOTIFICATIONS}" "DisplayName" "Keyfob"
    WriteRegStr HKCU "${NOTIFICATIONS}" "IconUri" "$INSTDIR\256.png"
    WriteRegStr HKCU "${UNINSTALL}" "DisplayName" "Keyfob"
    WriteRegStr HKCU "${UNINSTALL}" "DisplayVersion" "${VERSION}"
    WriteRegStr HKCU "${UNINSTALL}" "DisplayIcon" "$INSTDIR\keyfob.exe"
    WriteRegStr HKCU "${UNINSTALL}" "Publisher" "The Keyfob maintainers"
    WriteRegStr HKCU "${UNINSTALL}" "InstallLocation" "$INSTDIR"
    WriteRegStr HKCU "${UNINSTALL}" "UninstallString" '"$INSTDIR\uninstall.exe"'
    WriteRegStr HKCU "${UNINSTALL}" "QuietUninstallString" '"$INSTDIR\uninstall.exe" /S'
    WriteRegDWORD HKCU "${UNINSTALL}" "NoModify" 1
    WriteRegDWORD HKCU "${UNINSTALL}" "NoRepair" 1
    Call AddToPath
SectionEnd

Section "Uninstall"
    Delete "$INSTDIR\keyfob.exe"
    Delete "$INSTDIR\keyfob-window.exe"
    Delete "$INSTDIR\README.md"
    Delete "$INSTDIR\CHANGELOG.md"
    Delete "$INSTDIR\LICENSE-MIT"
    Delete "$INSTDIR\LICENSE-APACHE"
    Delete "$INSTDIR\256.png"
    Delete "$INSTDIR\uninstall.exe"
    RMDir "$INSTDIR"
    Delete "$SMPROGRAMS\Keyfob.lnk"
    DeleteRegKey HKCU "${NOTIFICATIONS}"
    DeleteRegKey HKCU "${UNINSTALL}"
    ClearErrors
    ReadRegStr $0 HKCU "Environment" "Path"
    ${IfNot} ${Errors}
        ${UnStrRep} $1 "$0" ";$INSTDIR" ""
        ${If} $1 == "$INSTDIR"
            DeleteRegValue HKCU "Environment" "Path"
        ${ElseIf} $1 != $0
            WriteRegExpandStr HKCU "Environment" "Path" "$1"
        ${EndIf}
        !insertmacro TellPath
    ${EndIf}
SectionEnd
