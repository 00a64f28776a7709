namespace Dapr.Voice.Tcp;

/// <summary>What happens to a frame that the peer does not read in time.</summary>
public enum TcpFrameClass : byte
{
    /// <summary>The frame is never dropped. A connection that cannot take its control frames is closed.</summary>
    Control,

    /// <summary>The frame is dropped once it is older than the limit, or to make room. The oldest is dropped first.</summary>
    Media,
}
