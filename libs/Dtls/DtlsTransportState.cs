namespace Dapr.Voice.Dtls;

/// <summary>What another process needs to go on with a connection: DTLS 1.2 after its handshake. Secrets: seal it.</summary>
/// <param name="CipherSuite">As on the wire: 0xC02B, 0xC02C or 0xCCA9.</param>
/// <param name="MasterSecret">48 bytes (RFC 5246, section 8.1).</param>
/// <param name="NextWriteSequenceNumber">48 bits, epoch 1. A successor that can't be sure adds a lead
/// (<see cref="DtlsTransport.Import"/>).</param>
/// <param name="HighestReadSequenceNumber">Nothing at or below it is taken any more.</param>
public sealed record DtlsTransportState(
    DtlsRole Role, ushort CipherSuite, byte[] MasterSecret, byte[] ClientRandom, byte[] ServerRandom, ulong NextWriteSequenceNumber,
    ulong HighestReadSequenceNumber)
{
    /// <summary>
    /// A server's ChangeCipherSpec and Finished, as sent. A client that repeats its own last flight has missed them and gets the same bytes
    /// again, which is no second use of a nonce. Empty once application data has shown that the client has them, and always for a client.
    /// </summary>
    public byte[] FinalFlight { get; init; } = [];

    /// <summary>Shows no secret.</summary>
    public override string ToString() => $"DtlsTransportState {{ Role = {Role}, CipherSuite = {CipherSuite:X4} }}";
}
