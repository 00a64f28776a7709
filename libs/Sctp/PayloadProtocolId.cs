namespace Dapr.Voice.Sctp;

/// <summary>The payload protocol ids of messages on a data channel (RFC 8831, section 8).</summary>
internal static class PayloadProtocolId
{
    public const uint Dcep = 50;
    public const uint Text = 51;
    public const uint Binary = 53;
    public const uint EmptyText = 56;
    public const uint EmptyBinary = 57;
}
