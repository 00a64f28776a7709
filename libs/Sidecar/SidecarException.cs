namespace Dapr.Voice.Sidecar;

/// <summary>The sidecar could not do the operation. Only the few calls that return no outcome throw this.</summary>
public sealed class SidecarException : Exception
{
    public SidecarException(string message) : base(message) { }

    public SidecarException(string message, Exception inner) : base(message, inner) { }
}
