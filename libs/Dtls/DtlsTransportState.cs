namespace Dapr.Voice.Dtls;

/// <summary>
/// The state that another process needs to continue a DTLS 1.2 connection after its handshake. It contains secrets, so encrypt it.
/// </summary>
/// <param name="CipherSuite">As on the wire: 0xC02B, 0xC02C or 0xCCA9.</param>
/// <param name="MasterSecret">48 bytes (RFC 5246, section 8.1).</param>
/// <param name="NextWriteSequenceNumber">48 bits, in epoch 1. A successor that does not know the exact number adds a lead (<see
/// cref="DtlsTransport.Import"/>).</param>
/// <param name="HighestReadSequenceNumber">Records with this number or a lower one are rejected.</param>
public sealed record DtlsTransportState(
    DtlsRole Role, ushort CipherSuite, byte[] MasterSecret, byte[] ClientRandom, byte[] ServerRandom, ulong NextWriteSequenceNumber,
    ulong HighestReadSequenceNumber)
{
    /// <summary>
    /// A server's ChangeCipherSpec and Finished, as they were sent. A client that repeats its own last flight has not received them, and
    /// gets the same bytes again. That does not use a nonce twice. Empty after application data has shown that the client has received
    /// them. Always empty for a client.
    /// </summary>
    public byte[] FinalFlight { get; init; } = [];

    /// <summary>Shows no secret.</summary>
    public override string ToString() => $"DtlsTransportState {{ Role = {Role}, CipherSuite = {CipherSuite:X4} }}";
}
