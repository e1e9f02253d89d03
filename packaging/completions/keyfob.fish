# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_keyfob_global_optspecs
    string join \n vault= passphrase-file= h/help V/version
end

function __fish_keyfob_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_keyfob_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_keyfob_using_subcommand
    set -l cmd (__fish_keyfob_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c keyfob -n "__fish_keyfob_needs_command" -l vault -d 'Vault for this run [default: last one moved to, else keychain]' -r -f -a "keychain\t'The operating system\'s keychain'
file\t'A file protected by a passphrase'
memory\t'Memory, until the command ends'"
complete -c keyfob -n "__fish_keyfob_needs_command" -l passphrase-file -d 'File whose first line is the vault\'s passphrase, or a descriptor such as fd:3 [default: ask]' -r -F
complete -c keyfob -n "__fish_keyfob_needs_command" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c keyfob -n "__fish_keyfob_needs_command" -s V -l version -d 'Print version'
complete -c keyfob -n "__fish_keyfob_needs_command" -f -a "import" -d 'Add accounts from a file: an import file, an export of Google, Postman, Insomnia or Bruno, or a .env file'
complete -c keyfob -n "__fish_keyfob_needs_command" -f -a "export" -d 'Write accounts to a new file, for another computer or a colleague'
complete -c keyfob -n "__fish_keyfob_needs_command" -f -a "doctor" -d 'Diagnose why an account can\'t get a token. Sends no secrets'
complete -c keyfob -n "__fish_keyfob_needs_command" -f -a "list" -d 'List the accounts'
complete -c keyfob -n "__fish_keyfob_needs_command" -f -a "sign-in" -d 'Sign in, in the browser if the grant needs one'
complete -c keyfob -n "__fish_keyfob_needs_command" -f -a "token" -d 'Print a valid token; refresh it first if needed'
complete -c keyfob -n "__fish_keyfob_needs_command" -f -a "show" -d 'Show an account\'s settings and its token\'s details, without secrets'
complete -c keyfob -n "__fish_keyfob_needs_command" -f -a "log" -d 'Show an account\'s last requests and responses, redacted: safe for a support ticket'
complete -c keyfob -n "__fish_keyfob_needs_command" -f -a "refresh" -d 'Get a new token now'
complete -c keyfob -n "__fish_keyfob_needs_command" -f -a "check" -d 'Check an account\'s token with its provider'
complete -c keyfob -n "__fish_keyfob_needs_command" -f -a "revoke" -d 'Revoke an account\'s tokens, then forget them'
complete -c keyfob -n "__fish_keyfob_needs_command" -f -a "remove" -d 'Delete an account with all its secrets'
complete -c keyfob -n "__fish_keyfob_needs_command" -f -a "passphrase" -d 'Change the passphrase of the file with your secrets'
complete -c keyfob -n "__fish_keyfob_needs_command" -f -a "move-vault" -d 'Move all secrets to another vault and use it from now on. If interrupted, run it again'
complete -c keyfob -n "__fish_keyfob_needs_command" -f -a "recover" -d 'Restore accounts that were lost with the database, from what is stored with their secrets'
complete -c keyfob -n "__fish_keyfob_needs_command" -f -a "pick" -d 'Find an account by a few letters and copy its token, in a small window for a desktop shortcut'
complete -c keyfob -n "__fish_keyfob_needs_command" -f -a "demo" -d 'Try Keyfob with a built-in server and a demo account'
complete -c keyfob -n "__fish_keyfob_using_subcommand import" -l map -d 'Map a field to a variable of a .env file, such as CLIENT_ID=ACME_KEY; repeatable. Fields: CLIENT_ID, CLIENT_SECRET, TOKEN_URL, AUTHORIZE_URL, REDIRECT_URI, SCOPES, USERNAME, PASSWORD' -r
complete -c keyfob -n "__fish_keyfob_using_subcommand import" -l provider -d 'Preset ID of a .env file\'s provider, if the file has no token endpoint' -r
complete -c keyfob -n "__fish_keyfob_using_subcommand import" -l export-passphrase-file -d 'File whose first line is the imported file\'s passphrase, or a descriptor such as fd:4 [default: ask]' -r -F
complete -c keyfob -n "__fish_keyfob_using_subcommand import" -l vault -d 'Vault for this run [default: last one moved to, else keychain]' -r -f -a "keychain\t'The operating system\'s keychain'
file\t'A file protected by a passphrase'
memory\t'Memory, until the command ends'"
complete -c keyfob -n "__fish_keyfob_using_subcommand import" -l passphrase-file -d 'File whose first line is the vault\'s passphrase, or a descriptor such as fd:3 [default: ask]' -r -F
complete -c keyfob -n "__fish_keyfob_using_subcommand import" -l replace -d 'Replace accounts that have the same name'
complete -c keyfob -n "__fish_keyfob_using_subcommand import" -l move-secrets -d 'Allow stored secrets that are not in the file to go to the new URLs of replaced accounts. Without this, Keyfob refuses a file that would send them elsewhere'
complete -c keyfob -n "__fish_keyfob_using_subcommand import" -l dry-run -d 'Show what is in the file and which URLs differ from the presets\'. Saves nothing and contacts no server'
complete -c keyfob -n "__fish_keyfob_using_subcommand import" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c keyfob -n "__fish_keyfob_using_subcommand export" -l to -d 'The file, which must not exist' -r -F
complete -c keyfob -n "__fish_keyfob_using_subcommand export" -l export-passphrase-file -d 'File whose first line is the exported file\'s passphrase, or a descriptor such as fd:4 [default: ask]' -r -F
complete -c keyfob -n "__fish_keyfob_using_subcommand export" -l vault -d 'Vault for this run [default: last one moved to, else keychain]' -r -f -a "keychain\t'The operating system\'s keychain'
file\t'A file protected by a passphrase'
memory\t'Memory, until the command ends'"
complete -c keyfob -n "__fish_keyfob_using_subcommand export" -l passphrase-file -d 'File whose first line is the vault\'s passphrase, or a descriptor such as fd:3 [default: ask]' -r -F
complete -c keyfob -n "__fish_keyfob_using_subcommand export" -l with-secrets -d 'Include secrets, and encrypt the file with a passphrase. The age tool can decrypt it'
complete -c keyfob -n "__fish_keyfob_using_subcommand export" -l with-tokens -d 'Include tokens. Many servers reject a refresh token that is used on two computers'
complete -c keyfob -n "__fish_keyfob_using_subcommand export" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c keyfob -n "__fish_keyfob_using_subcommand doctor" -l vault -d 'Vault for this run [default: last one moved to, else keychain]' -r -f -a "keychain\t'The operating system\'s keychain'
file\t'A file protected by a passphrase'
memory\t'Memory, until the command ends'"
complete -c keyfob -n "__fish_keyfob_using_subcommand doctor" -l passphrase-file -d 'File whose first line is the vault\'s passphrase, or a descriptor such as fd:3 [default: ask]' -r -F
complete -c keyfob -n "__fish_keyfob_using_subcommand doctor" -l json -d 'Print an array of JSON objects'
complete -c keyfob -n "__fish_keyfob_using_subcommand doctor" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c keyfob -n "__fish_keyfob_using_subcommand list" -l vault -d 'Vault for this run [default: last one moved to, else keychain]' -r -f -a "keychain\t'The operating system\'s keychain'
file\t'A file protected by a passphrase'
memory\t'Memory, until the command ends'"
complete -c keyfob -n "__fish_keyfob_using_subcommand list" -l passphrase-file -d 'File whose first line is the vault\'s passphrase, or a descriptor such as fd:3 [default: ask]' -r -F
complete -c keyfob -n "__fish_keyfob_using_subcommand list" -l json -d 'Print an array of JSON objects'
complete -c keyfob -n "__fish_keyfob_using_subcommand list" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c keyfob -n "__fish_keyfob_using_subcommand sign-in" -l client-auth -d 'Send the client\'s credentials another way. If that gets a token, the account keeps it' -r -f -a "basic\t'HTTP Basic, ID and secret form-encoded'
basic_raw\t'HTTP Basic, ID and secret unencoded'
body\t'Request body'"
complete -c keyfob -n "__fish_keyfob_using_subcommand sign-in" -l vault -d 'Vault for this run [default: last one moved to, else keychain]' -r -f -a "keychain\t'The operating system\'s keychain'
file\t'A file protected by a passphrase'
memory\t'Memory, until the command ends'"
complete -c keyfob -n "__fish_keyfob_using_subcommand sign-in" -l passphrase-file -d 'File whose first line is the vault\'s passphrase, or a descriptor such as fd:3 [default: ask]' -r -F
complete -c keyfob -n "__fish_keyfob_using_subcommand sign-in" -l no-browser -d 'Print the sign-in link on standard output instead of opening it'
complete -c keyfob -n "__fish_keyfob_using_subcommand sign-in" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c keyfob -n "__fish_keyfob_using_subcommand token" -l as -d 'Output format' -r -f -a "plain\t'The token'
header\t'The request header that the provider\'s APIs expect'
curl\t'A cURL command line'
env\t'A shell export, safe for eval'
json\t'The token and its details, as JSON'
id-token\t'The ID token, which says who signed in; not for calls of APIs'"
complete -c keyfob -n "__fish_keyfob_using_subcommand token" -l min-valid -d 'How long it must stay valid, such as 60s, 5m or 1h [default: the account\'s margin]' -r
complete -c keyfob -n "__fish_keyfob_using_subcommand token" -l vault -d 'Vault for this run [default: last one moved to, else keychain]' -r -f -a "keychain\t'The operating system\'s keychain'
file\t'A file protected by a passphrase'
memory\t'Memory, until the command ends'"
complete -c keyfob -n "__fish_keyfob_using_subcommand token" -l passphrase-file -d 'File whose first line is the vault\'s passphrase, or a descriptor such as fd:3 [default: ask]' -r -F
complete -c keyfob -n "__fish_keyfob_using_subcommand token" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c keyfob -n "__fish_keyfob_using_subcommand show" -l vault -d 'Vault for this run [default: last one moved to, else keychain]' -r -f -a "keychain\t'The operating system\'s keychain'
file\t'A file protected by a passphrase'
memory\t'Memory, until the command ends'"
complete -c keyfob -n "__fish_keyfob_using_subcommand show" -l passphrase-file -d 'File whose first line is the vault\'s passphrase, or a descriptor such as fd:3 [default: ask]' -r -F
complete -c keyfob -n "__fish_keyfob_using_subcommand show" -l json -d 'Print a JSON object'
complete -c keyfob -n "__fish_keyfob_using_subcommand show" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c keyfob -n "__fish_keyfob_using_subcommand log" -l vault -d 'Vault for this run [default: last one moved to, else keychain]' -r -f -a "keychain\t'The operating system\'s keychain'
file\t'A file protected by a passphrase'
memory\t'Memory, until the command ends'"
complete -c keyfob -n "__fish_keyfob_using_subcommand log" -l passphrase-file -d 'File whose first line is the vault\'s passphrase, or a descriptor such as fd:3 [default: ask]' -r -F
complete -c keyfob -n "__fish_keyfob_using_subcommand log" -l json -d 'Print an array of JSON objects'
complete -c keyfob -n "__fish_keyfob_using_subcommand log" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c keyfob -n "__fish_keyfob_using_subcommand refresh" -l vault -d 'Vault for this run [default: last one moved to, else keychain]' -r -f -a "keychain\t'The operating system\'s keychain'
file\t'A file protected by a passphrase'
memory\t'Memory, until the command ends'"
complete -c keyfob -n "__fish_keyfob_using_subcommand refresh" -l passphrase-file -d 'File whose first line is the vault\'s passphrase, or a descriptor such as fd:3 [default: ask]' -r -F
complete -c keyfob -n "__fish_keyfob_using_subcommand refresh" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c keyfob -n "__fish_keyfob_using_subcommand check" -l vault -d 'Vault for this run [default: last one moved to, else keychain]' -r -f -a "keychain\t'The operating system\'s keychain'
file\t'A file protected by a passphrase'
memory\t'Memory, until the command ends'"
complete -c keyfob -n "__fish_keyfob_using_subcommand check" -l passphrase-file -d 'File whose first line is the vault\'s passphrase, or a descriptor such as fd:3 [default: ask]' -r -F
complete -c keyfob -n "__fish_keyfob_using_subcommand check" -l json -d 'Print a JSON object'
complete -c keyfob -n "__fish_keyfob_using_subcommand check" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c keyfob -n "__fish_keyfob_using_subcommand revoke" -l vault -d 'Vault for this run [default: last one moved to, else keychain]' -r -f -a "keychain\t'The operating system\'s keychain'
file\t'A file protected by a passphrase'
memory\t'Memory, until the command ends'"
complete -c keyfob -n "__fish_keyfob_using_subcommand revoke" -l passphrase-file -d 'File whose first line is the vault\'s passphrase, or a descriptor such as fd:3 [default: ask]' -r -F
complete -c keyfob -n "__fish_keyfob_using_subcommand revoke" -l here -d 'Only forget them on this computer. They stay valid until they expire'
complete -c keyfob -n "__fish_keyfob_using_subcommand revoke" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c keyfob -n "__fish_keyfob_using_subcommand remove" -l vault -d 'Vault for this run [default: last one moved to, else keychain]' -r -f -a "keychain\t'The operating system\'s keychain'
file\t'A file protected by a passphrase'
memory\t'Memory, until the command ends'"
complete -c keyfob -n "__fish_keyfob_using_subcommand remove" -l passphrase-file -d 'File whose first line is the vault\'s passphrase, or a descriptor such as fd:3 [default: ask]' -r -F
complete -c keyfob -n "__fish_keyfob_using_subcommand remove" -l yes -d 'Don\'t ask for confirmation'
complete -c keyfob -n "__fish_keyfob_using_subcommand remove" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c keyfob -n "__fish_keyfob_using_subcommand passphrase" -l new-passphrase-file -d 'File whose first line is the new passphrase, or a descriptor such as fd:4 [default: ask]' -r -F
complete -c keyfob -n "__fish_keyfob_using_subcommand passphrase" -l vault -d 'Vault for this run [default: last one moved to, else keychain]' -r -f -a "keychain\t'The operating system\'s keychain'
file\t'A file protected by a passphrase'
memory\t'Memory, until the command ends'"
complete -c keyfob -n "__fish_keyfob_using_subcommand passphrase" -l passphrase-file -d 'File whose first line is the vault\'s passphrase, or a descriptor such as fd:3 [default: ask]' -r -F
complete -c keyfob -n "__fish_keyfob_using_subcommand passphrase" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c keyfob -n "__fish_keyfob_using_subcommand move-vault" -l vault -d 'Vault for this run [default: last one moved to, else keychain]' -r -f -a "keychain\t'The operating system\'s keychain'
file\t'A file protected by a passphrase'
memory\t'Memory, until the command ends'"
complete -c keyfob -n "__fish_keyfob_using_subcommand move-vault" -l passphrase-file -d 'File whose first line is the vault\'s passphrase, or a descriptor such as fd:3 [default: ask]' -r -F
complete -c keyfob -n "__fish_keyfob_using_subcommand move-vault" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c keyfob -n "__fish_keyfob_using_subcommand recover" -l vault -d 'Vault for this run [default: last one moved to, else keychain]' -r -f -a "keychain\t'The operating system\'s keychain'
file\t'A file protected by a passphrase'
memory\t'Memory, until the command ends'"
complete -c keyfob -n "__fish_keyfob_using_subcommand recover" -l passphrase-file -d 'File whose first line is the vault\'s passphrase, or a descriptor such as fd:3 [default: ask]' -r -F
complete -c keyfob -n "__fish_keyfob_using_subcommand recover" -l remove-orphans -d 'Delete records that belong to no account'
complete -c keyfob -n "__fish_keyfob_using_subcommand recover" -l yes -d 'Don\'t ask for confirmation'
complete -c keyfob -n "__fish_keyfob_using_subcommand recover" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c keyfob -n "__fish_keyfob_using_subcommand pick" -l vault -d 'Vault for this run [default: last one moved to, else keychain]' -r -f -a "keychain\t'The operating system\'s keychain'
file\t'A file protected by a passphrase'
memory\t'Memory, until the command ends'"
complete -c keyfob -n "__fish_keyfob_using_subcommand pick" -l passphrase-file -d 'File whose first line is the vault\'s passphrase, or a descriptor such as fd:3 [default: ask]' -r -F
complete -c keyfob -n "__fish_keyfob_using_subcommand pick" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c keyfob -n "__fish_keyfob_using_subcommand demo" -l vault -d 'Vault for this run [default: last one moved to, else keychain]' -r -f -a "keychain\t'The operating system\'s keychain'
file\t'A file protected by a passphrase'
memory\t'Memory, until the command ends'"
complete -c keyfob -n "__fish_keyfob_using_subcommand demo" -l passphrase-file -d 'File whose first line is the vault\'s passphrase, or a descriptor such as fd:3 [default: ask]' -r -F
complete -c keyfob -n "__fish_keyfob_using_subcommand demo" -l no-browser -d 'Stay in the terminal, and print the sign-in link on standard output instead of opening it'
complete -c keyfob -n "__fish_keyfob_using_subcommand demo" -s h -l help -d 'Print help (see more with \'--help\')'
