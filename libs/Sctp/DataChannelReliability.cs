namespace Dapr.Voice.Sctp;

/// <summary>How a channel handles loss (RFC 8832, section 5.1). At most one of the two limits is set.</summary>
/// <param name="IsOrdered">True if messages are delivered in the order in which they were sent.</param>
/// <param name="MaxRetransmits">The sender abandons a message after this number of retransmissions.</param>
/// <param name="MaxLifetime">The sender abandons a message at this age.</param>
public readonly record struct DataChannelReliability(bool IsOrdered, ushort? MaxRetransmits = null, TimeSpan? MaxLifetime = null)
{
    public static DataChannelReliability Full => new(true);
}
