namespace Dapr.Voice.Contracts;

/// <summary>
/// The exit codes of every program of this repository. docs/exit-codes.md has the same table for operators. 70 and 78 are the numbers of
/// EX_SOFTWARE and EX_CONFIG in sysexits.h.
/// </summary>
public enum ExitCode
{
    /// <summary>A service was asked to stop, and stopped. A command has done what it was asked to do.</summary>
    Done = 0,

    /// <summary>
    /// The program could not do its work here. For example, a port is in use, the platform lacks something, or a command failed. The
    /// message says which.
    /// </summary>
    Failed = 1,

    /// <summary>The program has a fault that only a new process can clear. A supervisor should start the service again.</summary>
    Fault = 70,

    /// <summary>A setting or a secret is unusable. A supervisor that starts the service again meets the same fault.</summary>
    BadSettings = 78,

    /// <summary>A command was interrupted by SIGINT, SIGTERM or SIGHUP.</summary>
    Interrupted = 130,
}
