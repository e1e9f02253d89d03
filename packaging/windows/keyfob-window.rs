//! Opens Keyfob's window without a console.
//!
//! keyfob.exe is a console program: a terminal waits for it, shows its output and has its exit code. Windows
//! before 11 24H2 opens a console for such a program if it is started from the desktop, so the Start menu has
//! this one, which the system gives no console.

#![cfg_attr(windows, windows_subsystem = "windows")]

use std::env::consts::EXE_SUFFIX;
use std::io;
use std::process::{Command, Stdio};

/// `CREATE_NO_WINDOW`: the console exists, and nobody sees it.
#[cfg(windows)]
const NO_WINDOW: u32 = 0x0800_0000;

fn main() -> io::Result<()> {
    let mut command = Command::new(std::env::current_exe()?.with_file_name(format!("keyfob{EXE_SUFFIX}")));
    command.args(std::env::args_os().skip(1));
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    #[cfg(windows)]
    std::os::windows::process::CommandExt::creation_flags(&mut command, NO_WINDOW);
    command.spawn().map(drop)
}
