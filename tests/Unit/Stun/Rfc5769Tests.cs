using System.Text;
using Dapr.Voice.Stun;
using Dapr.Voice.Wire;
using Xunit;

namespace Dapr.Voice.Tests.Unit.Stun;

public sealed class Rfc5769Tests
{
    [Fact]
    public void TryParse_SampleRequest_ReadsEveryAttribute()
    {
        StunMessage message = Parse(Rfc5769Vectors.SampleRequest);
        Assert.Equal(StunClass.Request, message.Class);
        Assert.Equal(StunMethod.Binding, message.Method);
        Assert.Equal("B7E7A701BC34D686FA87DFAE", Convert.ToHexString(message.TransactionId));
        Assert.Equal("evtj:h6vY", Encoding.ASCII.GetString(message.Username));
        Assert.True(message.TryGet(StunAttributeType.Software, out ReadOnlySpan<byte> software));
        Assert.Equal("STUN test client", Encoding.ASCII.GetString(software));
        Assert.True(message.TryGetPriority(out uint priority));
        Assert.Equal(0x6E0001FFu, priority);
        Assert.True(message.TryGetTieBreaker(StunAttributeType.IceControlled, out ulong tieBreaker));
        Assert.Equal(0x932FF9B151263B36ul, tieBreaker);
        Assert.False(message.HasUseCandidate);
    }

    [Fact]
    public void Verify_SampleRequest_IntegrityAndFingerprintHold()
    {
        StunMessage message = Parse(Rfc5769Vectors.SampleRequest);
        Assert.True(message.VerifyMessageIntegrity(Rfc5769Vectors.ShortTermKey));
        Assert.True(message.HasValidFingerprint());
        Assert.False(message.VerifyMessageIntegrity("another password"u8));
    }

    [Fact]
    public void TryParse_IPv4Response_UncoversTheAddress() => AssertResponse(Rfc5769Vectors.IPv4Response, "192.0.2.1:32853");

    [Fact]
    public void TryParse_IPv6Response_UncoversTheAddress()
        => AssertResponse(Rfc5769Vectors.IPv6Response, "[2001:db8:1234:5678:11:2233:4455:6677]:32853");

    [Fact]
    public void Verify_LongTermRequestWithoutFingerprint_IntegrityHolds()
    {
        StunMessage message = Parse(Rfc5769Vectors.LongTermRequest);
        Assert.Equal(Rfc5769Vectors.LongTermUsername, Encoding.UTF8.GetString(message.Username));
        Assert.True(message.TryGet(StunAttributeType.Realm, out ReadOnlySpan<byte> realm));
        Assert.Equal("example.org", Encoding.ASCII.GetString(realm));
        Assert.True(message.TryGet(StunAttributeType.Nonce, out ReadOnlySpan<byte> nonce));
        Assert.Equal("f//499k954d6OL34oL9FSTvy64sA", Encoding.ASCII.GetString(nonce));
        Assert.True(message.VerifyMessageIntegrity(Rfc5769Vectors.LongTermKey));
        Assert.False(message.HasFingerprint);
        Assert.False(message.HasValidFingerprint());
    }

    [Theory]
    [InlineData("192.0.2.1:32853")]
    [InlineData("[2001:db8:1234:5678:11:2233:4455:6677]:32853")]
    public void Write_ResponseOfTheSpecification_DiffersInPaddingOnly(string mapped)
    {
        byte[] expected = mapped[0] == '[' ? Rfc5769Vectors.IPv6Response : Rfc5769Vectors.IPv4Response;
        Assert.True(TransportAddress.TryParse(mapped, out TransportAddress address));
        byte[] buffer = new byte[200];
        var writer = new StunMessageWriter(buffer, StunClass.SuccessResponse, StunMethod.Binding, Parse(expected).TransactionId);
        writer.Add(StunAttributeType.Software, "test vector"u8);
        writer.AddXorMappedAddress(address);
        int covered = writer.Length;

        // The specification pads with spaces, we with zeros (RFC 8489, section 14 allows both for receivers, wants zeros of senders).
        Assert.Equal(0, buffer[35]);
        buffer[35] = 0x20;
        writer.AddMessageIntegrity(Rfc5769Vectors.ShortTermKey);
        writer.AddFingerprint();
        Assert.Equal(Convert.ToHexString(expected), Convert.ToHexString(buffer.AsSpan(0, writer.Length)));
        Assert.True(covered < writer.Length);
    }

    private static void AssertResponse(byte[] bytes, string expected)
    {
        StunMessage message = Parse(bytes);
        Assert.Equal(StunClass.SuccessResponse, message.Class);
        Assert.True(message.TryGetXorMappedAddress(out TransportAddress address));
        Assert.Equal(expected, address.ToString());
        Assert.True(message.VerifyMessageIntegrity(Rfc5769Vectors.ShortTermKey));
        Assert.True(message.HasValidFingerprint());
    }

    private static StunMessage Parse(byte[] bytes)
    {
        Assert.True(StunMessage.TryParse(bytes, out StunMessage message, out StunParseError error), error.ToString());
        return message;
    }
}
