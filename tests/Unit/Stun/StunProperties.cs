using Dapr.Voice.Stun;
using Dapr.Voice.Wire;
using FsCheck;
using FsCheck.Fluent;
using Xunit;

namespace Dapr.Voice.Tests.Unit.Stun;

public sealed class StunProperties
{
    [Fact]
    public void TryParse_AnyBytes_NeverThrows()
        => Prop.ForAll<byte[]>(bytes => ReadEverything(bytes)).QuickCheckThrowOnFailure();

    [Fact]
    public void TryParse_MutatedMessages_NeverThrow()
    {
        var random = new Random(5769);
        byte[][] seeds = [Rfc5769Vectors.SampleRequest, Rfc5769Vectors.IPv4Response, Rfc5769Vectors.IPv6Response,
            Rfc5769Vectors.LongTermRequest];
        for (int i = 0; i < 50_000; i++)
        {
            byte[] bytes = (byte[])seeds[i % seeds.Length].Clone();
            for (int flips = random.Next(1, 6); flips > 0; flips--) bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
            int length = random.Next(4) == 0 ? random.Next(bytes.Length + 1) : bytes.Length;
            ReadEverything(bytes.AsSpan(0, length));
        }
    }

    [Fact]
    public void Verify_AnyFlippedBit_IsNoticed()
    {
        for (int bit = 0; bit < Rfc5769Vectors.SampleRequest.Length * 8; bit++)
        {
            byte[] bytes = (byte[])Rfc5769Vectors.SampleRequest.Clone();
            bytes[bit / 8] ^= (byte)(1 << (bit % 8));
            if (!StunMessage.TryParse(bytes, out StunMessage message, out _)) continue;
            Assert.False(message.HasValidFingerprint() && message.VerifyMessageIntegrity(Rfc5769Vectors.ShortTermKey), $"bit {bit}");
        }
    }

    [Fact]
    public void Write_AnyAttributes_ParseBack()
        => Prop.ForAll<ushort, byte[], ulong>((type, value, seed) =>
        {
            // The two whose lengths the parser insists on have tests of their own.
            if ((StunAttributeType)type is StunAttributeType.Fingerprint or StunAttributeType.MessageIntegrity) return;
            var id = new TransactionId(seed, (uint)seed);
            Span<byte> idBytes = stackalloc byte[TransactionId.Length];
            id.Write(idBytes);
            byte[] buffer = new byte[value.Length + 100];
            var writer = new StunMessageWriter(buffer, StunClass.Indication, StunMethod.Binding, idBytes);
            writer.Add((StunAttributeType)type, value);
            writer.AddMessageIntegrity("key"u8);
            writer.AddFingerprint();

            Assert.True(StunMessage.TryParse(buffer.AsSpan(0, writer.Length), out StunMessage message, out StunParseError error),
                error.ToString());
            Assert.Equal(id, TransactionId.From(message.TransactionId));
            Assert.True(message.TryGet((StunAttributeType)type, out ReadOnlySpan<byte> read));
            Assert.True(read.SequenceEqual(value));
            Assert.True(message.HasValidFingerprint());
            Assert.True(message.VerifyMessageIntegrity("key"u8));
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void XorMappedAddress_AnyAddress_ReadsBack()
        => Prop.ForAll<ulong, ulong, ushort>((high, low, port) =>
        {
            foreach (TransportAddress address in new[] { new TransportAddress(high, low, port),
                TransportAddress.FromIPv4((uint)low, port) })
            {
                byte[] buffer = new byte[64];
                var writer = new StunMessageWriter(buffer, StunClass.SuccessResponse, StunMethod.Binding, "abcdefghijkl"u8);
                writer.AddXorMappedAddress(address);
                Assert.True(StunMessage.TryParse(buffer.AsSpan(0, writer.Length), out StunMessage message, out _));
                Assert.True(message.TryGetXorMappedAddress(out TransportAddress read));
                Assert.Equal(address, read);
            }
        }).QuickCheckThrowOnFailure();

    private static void ReadEverything(ReadOnlySpan<byte> bytes)
    {
        if (!StunMessage.TryParse(bytes, out StunMessage message, out StunParseError error))
        {
            Assert.NotEqual(StunParseError.None, error);
            return;
        }
        _ = message.Class;
        _ = message.Method;
        _ = message.Username;
        _ = message.TryGetPriority(out _);
        _ = message.TryGetTieBreaker(StunAttributeType.IceControlling, out _);
        _ = message.TryGetXorMappedAddress(out _);
        _ = message.TryGetErrorCode(out _);
        _ = message.HasValidFingerprint();
        _ = message.VerifyMessageIntegrity("key"u8);
        foreach (StunAttribute attribute in message.Attributes) _ = attribute.Value.Length;
    }
}
