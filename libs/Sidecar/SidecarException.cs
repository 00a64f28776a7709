namespace Dapr.Voice.Sidecar;

/// <summary>The sidecar could not do what was asked, in one of the few calls that have no outcome to return.</summary>
public sealed class SidecarException : Exception
{
    public SidecarException(string message) : base(message) { }

    public SidecarException(string message, Exception inner) : base(message, inner) { }
}
