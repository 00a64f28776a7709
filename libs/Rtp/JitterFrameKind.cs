namespace Dapr.Voice.Rtp;

public enum JitterFrameKind : byte
{
    /// <summary>A payload, in order.</summary>
    Packet,

    /// <summary>
    /// A payload that did not come in time. If the next one is there, the buffer holds it (its length is not 0), so that the decoder can
    /// take in-band FEC from it; it comes again as a <see cref="Packet"/> of its own.
    /// </summary>
    Lost,
}
