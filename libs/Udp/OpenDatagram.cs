namespace Dapr.Voice.Udp;

/// <summary>
/// Remembers a datagram that is still being filled, between calls of <see cref="UdpBatchSocket.Append"/>. One per destination; starts as
/// default.
/// </summary>
public struct OpenDatagram
{
    internal long Batch;
    internal int Index;
}
