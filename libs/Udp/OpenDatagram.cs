namespace Dapr.Voice.Udp;

/// <summary>
/// Remembers the datagram that is being filled for one destination between calls of <see cref="UdpBatchSocket.Append"/>. Initialize it to
/// default.
/// </summary>
public struct OpenDatagram
{
    internal long Batch;
    internal int Index;
}
