namespace Dapr.Voice.Tcp;

/// <summary>What may become of a frame that the peer does not take in time.</summary>
public enum TcpFrameClass : byte
{
    /// <summary>Never dropped: a connection that cannot take its control frames is closed.</summary>
    Control,

    /// <summary>Dropped once it is older than the limit, or to make room; the oldest first.</summary>
    Media,
}
