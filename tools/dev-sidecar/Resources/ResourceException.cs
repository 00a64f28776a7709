namespace Dapr.Voice.DevSidecar.Resources;

/// <summary>
/// Something in the resource files, the command line or the machine keeps the sidecar from starting. The message names the place and what
/// to do.
/// </summary>
public sealed class ResourceException : Exception
{
    public ResourceException(string message) : base(message) { }

    internal ResourceException(string file, long line, string problem) : base($"{file}:{line}: {problem}") { }
}
