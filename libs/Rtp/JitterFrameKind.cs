namespace Dapr.Voice.Rtp;

public enum JitterFrameKind : byte
{
    /// <summary>A payload in order.</summary>
    Packet,

    /// <summary>
    /// A payload that did not arrive in time. If the next packet is present, its payload is in the buffer (the length is not 0), so that
    /// the decoder can use its in-band FEC. The same payload is returned again as a <see cref="Packet"/>.
    /// </summary>
    Lost,
}
