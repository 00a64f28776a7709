namespace Dapr.Voice.Sctp;

/// <summary>How a channel treats loss (RFC 8832, section 5.1). At most one of the two limits is set.</summary>
/// <param name="IsOrdered">Messages are handed over in the order they were sent.</param>
/// <param name="MaxRetransmits">Given up after so many repetitions.</param>
/// <param name="MaxLifetime">Given up at that age.</param>
public readonly record struct DataChannelReliability(bool IsOrdered, ushort? MaxRetransmits = null, TimeSpan? MaxLifetime = null)
{
    public static DataChannelReliability Full => new(true);
}
