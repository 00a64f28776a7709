using System.Security.Cryptography;
using Dapr.Voice.Dtls;
using FsCheck;
using FsCheck.Fluent;
using Xunit;

namespace Dapr.Voice.Tests.Unit.Dtls;

public sealed class DtlsRecordLayerTests
{
    [Fact]
    public void Tls12Prf_PublishedVectorForSha256_Agrees()
    {
        // The vector for P_SHA256 that the TLS working group published with RFC 5246.
        byte[] output = new byte[100];
        Tls12Prf.Expand(
            HashAlgorithmName.SHA256,
            Convert.FromHexString("9BBE436BA940F017B17652849A71DB35"),
            "test label"u8,
            Convert.FromHexString("A0BA9F936CDA311827A6F796FFD5198C"),
            output);
        Assert.Equal(
            "E3F229BA727BE17B8D122620557CD453C2AAB21D07C3D495329B52D4E61EDB5A6B"
            + "301791E90D35C9C9A46B4E14BAF9AF0FA022F7077DEF17ABFD3797C0564BAB"
            + "4FBC91666E9DEF9B97FCE34F796789BAA48082D122EE42C5A72E5A5110FFF70187347B66",
            Convert.ToHexString(output));
    }

    [Theory]
    [InlineData(0xC02B)]
    [InlineData(0xC02C)]
    [InlineData(0xCCA9)]
    public void ProtectAndUnprotect_AnyContent_ComesBackOnceAndOnlyUndamaged(int suite)
    {
        using var client = new DtlsRecordLayer(State(DtlsRole.Client, (ushort)suite), 0);
        using var server = new DtlsRecordLayer(State(DtlsRole.Server, (ushort)suite), 0);
        Prop.ForAll(ArbMap.Default.ArbFor<(byte[], int)>(), input =>
        {
            byte[] content = input.Item1 ?? [];
            byte[] record = Seal(client, content), damaged = [.. record], opened = new byte[2048];
            damaged[(input.Item2 & int.MaxValue) % record.Length] ^= 1;
            return Open(server, damaged) != DtlsRecordError.None
                && server.TryUnprotect(record, opened, out byte type, out int length, out int consumed) == DtlsRecordError.None
                && type == DtlsRecordLayer.ApplicationData && consumed == record.Length && opened.AsSpan(0, length).SequenceEqual(content)
                && Open(server, record) == DtlsRecordError.Replayed;
        }).QuickCheckThrowOnFailure();
    }

    [Fact]
    public void Protect_SequenceNumbersUsedUp_SendsNothing()
    {
        using var layer = new DtlsRecordLayer(State(DtlsRole.Client, 0xC02B) with { NextWriteSequenceNumber = (1UL << 48) - 1 }, 0);
        Assert.NotEmpty(Seal(layer, [1]));
        Assert.Empty(Seal(layer, [1]));
    }

    [Fact]
    public void Import_UnknownCipherSuite_Throws()
        => Assert.Throws<ArgumentException>(() => DtlsTransport.Import(State(DtlsRole.Client, 1)));

    [Fact]
    public void TryUnprotect_OutOfOrder_TakesTheWindowOfSixtyFourOnce()
    {
        using var client = new DtlsRecordLayer(State(DtlsRole.Client, 0xC02B), 0);
        using var server = new DtlsRecordLayer(State(DtlsRole.Server, 0xC02B), 0);
        byte[][] records = Enumerable.Range(0, 100).Select(i => Seal(client, [(byte)i])).ToArray();
        Assert.Equal(DtlsRecordError.None, Open(server, records[99]));
        Assert.Equal(DtlsRecordError.None, Open(server, records[36]));
        Assert.Equal(DtlsRecordError.Replayed, Open(server, records[36]));
        Assert.Equal(DtlsRecordError.Replayed, Open(server, records[35]));
        Assert.Equal(DtlsRecordError.None, Open(server, records[98]));
    }

    private static byte[] Seal(DtlsRecordLayer layer, byte[] content)
    {
        byte[] record = new byte[content.Length + 64];
        return record[..layer.Protect(DtlsRecordLayer.ApplicationData, content, record)];
    }

    private static DtlsRecordError Open(DtlsRecordLayer layer, byte[] record)
        => layer.TryUnprotect(record, new byte[2048], out _, out _, out _);

    private static DtlsTransportState State(DtlsRole role, ushort suite) => new(
        role, suite, [.. Enumerable.Repeat((byte)1, 48)], [.. Enumerable.Repeat((byte)2, 32)], [.. Enumerable.Repeat((byte)3, 32)],
        NextWriteSequenceNumber: 1, HighestReadSequenceNumber: 0);
}
