namespace Dapr.Voice.DevSidecar.Resources;

/// <summary>
/// The sidecar cannot start, because of the resource files, the command line or the machine. The message names the place and says what to
/// do.
/// </summary>
public sealed class ResourceException : Exception
{
    public ResourceException(string message) : base(message) { }

    internal ResourceException(string file, long line, string problem) : base($"{file}:{line}: {problem}") { }
}
