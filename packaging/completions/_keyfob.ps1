
using namespace System.Management.Automation
using namespace System.Management.Automation.Language

Register-ArgumentCompleter -Native -CommandName 'keyfob' -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)

    $commandElements = $commandAst.CommandElements
    $command = @(
        'keyfob'
        for ($i = 1; $i -lt $commandElements.Count; $i++) {
            $element = $commandElements[$i]
            if ($element -isnot [StringConstantExpressionAst] -or
                $element.StringConstantType -ne [StringConstantType]::BareWord -or
                $element.Value.StartsWith('-') -or
                $element.Value -eq $wordToComplete) {
                break
        }
        $element.Value
    }) -join ';'

    $completions = @(switch ($command) {
        'keyfob' {
            [CompletionResult]::new('--vault', '--vault', [CompletionResultType]::ParameterName, 'Vault for this run [default: last one moved to, else keychain]')
            [CompletionResult]::new('--passphrase-file', '--passphrase-file', [CompletionResultType]::ParameterName, 'File whose first line is the vault''s passphrase, or a descriptor such as fd:3 [default: ask]')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('import', 'import', [CompletionResultType]::ParameterValue, 'Add accounts from a file: an import file, an export of Google, Postman, Insomnia or Bruno, or a .env file')
            [CompletionResult]::new('export', 'export', [CompletionResultType]::ParameterValue, 'Write accounts to a new file, for another computer or a colleague')
            [CompletionResult]::new('doctor', 'doctor', [CompletionResultType]::ParameterValue, 'Diagnose why an account can''t get a token. Sends no secrets')
            [CompletionResult]::new('list', 'list', [CompletionResultType]::ParameterValue, 'List the accounts')
            [CompletionResult]::new('sign-in', 'sign-in', [CompletionResultType]::ParameterValue, 'Sign in, in the browser if the grant needs one')
            [CompletionResult]::new('token', 'token', [CompletionResultType]::ParameterValue, 'Print a valid token; refresh it first if needed')
            [CompletionResult]::new('show', 'show', [CompletionResultType]::ParameterValue, 'Show an account''s settings and its token''s details, without secrets')
            [CompletionResult]::new('log', 'log', [CompletionResultType]::ParameterValue, 'Show an account''s last requests and responses, redacted: safe for a support ticket')
            [CompletionResult]::new('refresh', 'refresh', [CompletionResultType]::ParameterValue, 'Get a new token now')
            [CompletionResult]::new('check', 'check', [CompletionResultType]::ParameterValue, 'Check an account''s token with its provider')
            [CompletionResult]::new('revoke', 'revoke', [CompletionResultType]::ParameterValue, 'Revoke an account''s tokens, then forget them')
            [CompletionResult]::new('remove', 'remove', [CompletionResultType]::ParameterValue, 'Delete an account with all its secrets')
            [CompletionResult]::new('passphrase', 'passphrase', [CompletionResultType]::ParameterValue, 'Change the passphrase of the file with your secrets')
            [CompletionResult]::new('move-vault', 'move-vault', [CompletionResultType]::ParameterValue, 'Move all secrets to another vault and use it from now on. If interrupted, run it again')
            [CompletionResult]::new('recover', 'recover', [CompletionResultType]::ParameterValue, 'Restore accounts that were lost with the database, from what is stored with their secrets')
            [CompletionResult]::new('pick', 'pick', [CompletionResultType]::ParameterValue, 'Find an account by a few letters and copy its token, in a small window for a desktop shortcut')
            [CompletionResult]::new('demo', 'demo', [CompletionResultType]::ParameterValue, 'Try Keyfob with a built-in server and a demo account')
            break
        }
        'keyfob;import' {
            [CompletionResult]::new('--map', '--map', [CompletionResultType]::ParameterName, 'Map a field to a variable of a .env file, such as CLIENT_ID=ACME_KEY; repeatable. Fields: CLIENT_ID, CLIENT_SECRET, TOKEN_URL, AUTHORIZE_URL, REDIRECT_URI, SCOPES, USERNAME, PASSWORD')
            [CompletionResult]::new('--provider', '--provider', [CompletionResultType]::ParameterName, 'Preset ID of a .env file''s provider, if the file has no token endpoint')
            [CompletionResult]::new('--export-passphrase-file', '--export-passphrase-file', [CompletionResultType]::ParameterName, 'File whose first line is the imported file''s passphrase, or a descriptor such as fd:4 [default: ask]')
            [CompletionResult]::new('--vault', '--vault', [CompletionResultType]::ParameterName, 'Vault for this run [default: last one moved to, else keychain]')
            [CompletionResult]::new('--passphrase-file', '--passphrase-file', [CompletionResultType]::ParameterName, 'File whose first line is the vault''s passphrase, or a descriptor such as fd:3 [default: ask]')
            [CompletionResult]::new('--replace', '--replace', [CompletionResultType]::ParameterName, 'Replace accounts that have the same name')
            [CompletionResult]::new('--move-secrets', '--move-secrets', [CompletionResultType]::ParameterName, 'Allow stored secrets that are not in the file to go to the new URLs of replaced accounts. Without this, Keyfob refuses a file that would send them elsewhere')
            [CompletionResult]::new('--dry-run', '--dry-run', [CompletionResultType]::ParameterName, 'Show what is in the file and which URLs differ from the presets''. Saves nothing and contacts no server')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'keyfob;export' {
            [CompletionResult]::new('--to', '--to', [CompletionResultType]::ParameterName, 'The file, which must not exist')
            [CompletionResult]::new('--export-passphrase-file', '--export-passphrase-file', [CompletionResultType]::ParameterName, 'File whose first line is the exported file''s passphrase, or a descriptor such as fd:4 [default: ask]')
            [CompletionResult]::new('--vault', '--vault', [CompletionResultType]::ParameterName, 'Vault for this run [default: last one moved to, else keychain]')
            [CompletionResult]::new('--passphrase-file', '--passphrase-file', [CompletionResultType]::ParameterName, 'File whose first line is the vault''s passphrase, or a descriptor such as fd:3 [default: ask]')
            [CompletionResult]::new('--with-secrets', '--with-secrets', [CompletionResultType]::ParameterName, 'Include secrets, and encrypt the file with a passphrase. The age tool can decrypt it')
            [CompletionResult]::new('--with-tokens', '--with-tokens', [CompletionResultType]::ParameterName, 'Include tokens. Many servers reject a refresh token that is used on two computers')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'keyfob;doctor' {
            [CompletionResult]::new('--vault', '--vault', [CompletionResultType]::ParameterName, 'Vault for this run [default: last one moved to, else keychain]')
            [CompletionResult]::new('--passphrase-file', '--passphrase-file', [CompletionResultType]::ParameterName, 'File whose first line is the vault''s passphrase, or a descriptor such as fd:3 [default: ask]')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print an array of JSON objects')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'keyfob;list' {
            [CompletionResult]::new('--vault', '--vault', [CompletionResultType]::ParameterName, 'Vault for this run [default: last one moved to, else keychain]')
            [CompletionResult]::new('--passphrase-file', '--passphrase-file', [CompletionResultType]::ParameterName, 'File whose first line is the vault''s passphrase, or a descriptor such as fd:3 [default: ask]')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print an array of JSON objects')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'keyfob;sign-in' {
            [CompletionResult]::new('--client-auth', '--client-auth', [CompletionResultType]::ParameterName, 'Send the client''s credentials another way. If that gets a token, the account keeps it')
            [CompletionResult]::new('--vault', '--vault', [CompletionResultType]::ParameterName, 'Vault for this run [default: last one moved to, else keychain]')
            [CompletionResult]::new('--passphrase-file', '--passphrase-file', [CompletionResultType]::ParameterName, 'File whose first line is the vault''s passphrase, or a descriptor such as fd:3 [default: ask]')
            [CompletionResult]::new('--no-browser', '--no-browser', [CompletionResultType]::ParameterName, 'Print the sign-in link on standard output instead of opening it')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'keyfob;token' {
            [CompletionResult]::new('--as', '--as', [CompletionResultType]::ParameterName, 'Output format')
            [CompletionResult]::new('--min-valid', '--min-valid', [CompletionResultType]::ParameterName, 'How long it must stay valid, such as 60s, 5m or 1h [default: the account''s margin]')
            [CompletionResult]::new('--vault', '--vault', [CompletionResultType]::ParameterName, 'Vault for this run [default: last one moved to, else keychain]')
            [CompletionResult]::new('--passphrase-file', '--passphrase-file', [CompletionResultType]::ParameterName, 'File whose first line is the vault''s passphrase, or a descriptor such as fd:3 [default: ask]')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'keyfob;show' {
            [CompletionResult]::new('--vault', '--vault', [CompletionResultType]::ParameterName, 'Vault for this run [default: last one moved to, else keychain]')
            [CompletionResult]::new('--passphrase-file', '--passphrase-file', [CompletionResultType]::ParameterName, 'File whose first line is the vault''s passphrase, or a descriptor such as fd:3 [default: ask]')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print a JSON object')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'keyfob;log' {
            [CompletionResult]::new('--vault', '--vault', [CompletionResultType]::ParameterName, 'Vault for this run [default: last one moved to, else keychain]')
            [CompletionResult]::new('--passphrase-file', '--passphrase-file', [CompletionResultType]::ParameterName, 'File whose first line is the vault''s passphrase, or a descriptor such as fd:3 [default: ask]')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print an array of JSON objects')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'keyfob;refresh' {
            [CompletionResult]::new('--vault', '--vault', [CompletionResultType]::ParameterName, 'Vault for this run [default: last one moved to, else keychain]')
            [CompletionResult]::new('--passphrase-file', '--passphrase-file', [CompletionResultType]::ParameterName, 'File whose first line is the vault''s passphrase, or a descriptor such as fd:3 [default: ask]')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'keyfob;check' {
            [CompletionResult]::new('--vault', '--vault', [CompletionResultType]::ParameterName, 'Vault for this run [default: last one moved to, else keychain]')
            [CompletionResult]::new('--passphrase-file', '--passphrase-file', [CompletionResultType]::ParameterName, 'File whose first line is the vault''s passphrase, or a descriptor such as fd:3 [default: ask]')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print a JSON object')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'keyfob;revoke' {
            [CompletionResult]::new('--vault', '--vault', [CompletionResultType]::ParameterName, 'Vault for this run [default: last one moved to, else keychain]')
            [CompletionResult]::new('--passphrase-file', '--passphrase-file', [CompletionResultType]::ParameterName, 'File whose first line is the vault''s passphrase, or a descriptor such as fd:3 [default: ask]')
            [CompletionResult]::new('--here', '--here', [CompletionResultType]::ParameterName, 'Only forget them on this computer. They stay valid until they expire')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'keyfob;remove' {
            [CompletionResult]::new('--vault', '--vault', [CompletionResultType]::ParameterName, 'Vault for this run [default: last one moved to, else keychain]')
            [CompletionResult]::new('--passphrase-file', '--passphrase-file', [CompletionResultType]::ParameterName, 'File whose first line is the vault''s passphrase, or a descriptor such as fd:3 [default: ask]')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Don''t ask for confirmation')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'keyfob;passphrase' {
            [CompletionResult]::new('--new-passphrase-file', '--new-passphrase-file', [CompletionResultType]::ParameterName, 'File whose first line is the new passphrase, or a descriptor such as fd:4 [default: ask]')
            [CompletionResult]::new('--vault', '--vault', [CompletionResultType]::ParameterName, 'Vault for this run [default: last one moved to, else keychain]')
            [CompletionResult]::new('--passphrase-file', '--passphrase-file', [CompletionResultType]::ParameterName, 'File whose first line is the vault''s passphrase, or a descriptor such as fd:3 [default: ask]')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'keyfob;move-vault' {
            [CompletionResult]::new('--vault', '--vault', [CompletionResultType]::ParameterName, 'Vault for this run [default: last one moved to, else keychain]')
            [CompletionResult]::new('--passphrase-file', '--passphrase-file', [CompletionResultType]::ParameterName, 'File whose first line is the vault''s passphrase, or a descriptor such as fd:3 [default: ask]')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'keyfob;recover' {
            [CompletionResult]::new('--vault', '--vault', [CompletionResultType]::ParameterName, 'Vault for this run [default: last one moved to, else keychain]')
            [CompletionResult]::new('--passphrase-file', '--passphrase-file', [CompletionResultType]::ParameterName, 'File whose first line is the vault''s passphrase, or a descriptor such as fd:3 [default: ask]')
            [CompletionResult]::new('--remove-orphans', '--remove-orphans', [CompletionResultType]::ParameterName, 'Delete records that belong to no account')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Don''t ask for confirmation')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'keyfob;pick' {
            [CompletionResult]::new('--vault', '--vault', [CompletionResultType]::ParameterName, 'Vault for this run [default: last one moved to, else keychain]')
            [CompletionResult]::new('--passphrase-file', '--passphrase-file', [CompletionResultType]::ParameterName, 'File whose first line is the vault''s passphrase, or a descriptor such as fd:3 [default: ask]')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'keyfob;demo' {
            [CompletionResult]::new('--vault', '--vault', [CompletionResultType]::ParameterName, 'Vault for this run [default: last one moved to, else keychain]')
            [CompletionResult]::new('--passphrase-file', '--passphrase-file', [CompletionResultType]::ParameterName, 'File whose first line is the vault''s passphrase, or a descriptor such as fd:3 [default: ask]')
            [CompletionResult]::new('--no-browser', '--no-browser', [CompletionResultType]::ParameterName, 'Stay in the terminal, and print the sign-in link on standard output instead of opening it')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
    })

    $completions.Where{ $_.CompletionText -like "$wordToComplete*" } |
        Sort-Object -Property ListItemText
}
