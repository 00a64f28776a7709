namespace Dapr.Voice.Wire;

/// <summary>
/// The kind of a datagram on a shared port, decided by its first bytes (RFC 7983, section 7; RFC 5761, section 4).
/// </summary>
public enum DatagramKind : byte
{
    Unknown,
    Stun,
    Dtls,
    TurnChannel,
    Rtp,
    Rtcp,
}

public static class DatagramDemultiplexer
{
    public static DatagramKind Classify(ReadOnlySpan<byte> datagram)
    {
        if (datagram.Length < 2) return DatagramKind.Unknown;
        return datagram[0] switch
        {
            <= 3 => DatagramKind.Stun,
            >= 20 and <= 63 => DatagramKind.Dtls,
            >= 64 and <= 79 => DatagramKind.TurnChannel,
            // The RTCP packet types 192 to 223 look like the payload types 64 to 95 with the marker bit set. RFC 5761 keeps those payload
            // types free.
            >= 128 and <= 191 => datagram[1] is >= 192 and <= 223 ? DatagramKind.Rtcp : DatagramKind.Rtp,
            _ => DatagramKind.Unknown,
        };
    }
}
