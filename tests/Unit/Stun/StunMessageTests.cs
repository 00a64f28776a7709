using System.Buffers.Binary;
using System.Text;
using Dapr.Voice.Stun;
using Dapr.Voice.Wire;
using Xunit;

namespace Dapr.Voice.Tests.Unit.Stun;

public sealed class StunMessageTests
{
    private static readonly byte[] Key = "0123456789abcdefghijklmnopqrstuv"u8.ToArray();

    [Theory]
    [InlineData(StunParseError.TooShort, 19, -1, 0)]
    [InlineData(StunParseError.NotStun, 108, 0, 0x40)]
    [InlineData(StunParseError.BadMagicCookie, 108, 4, 0x22)]
    [InlineData(StunParseError.BadLength, 108, 3, 0x54)]
    [InlineData(StunParseError.BadLength, 108, 3, 0x57)]
    [InlineData(StunParseError.BadLength, 107, -1, 0)]
    [InlineData(StunParseError.TruncatedAttribute, 108, 75, 0xFF)]
    [InlineData(StunParseError.BadAttributeLength, 108, 79, 0x10)]
    [InlineData(StunParseError.BadAttributeLength, 108, 103, 0x03)]
    public void TryParse_DamagedMessage_SaysWhy(StunParseError expected, int length, int offset, byte value)
    {
        byte[] bytes = Rfc5769Vectors.SampleRequest.AsSpan(0, length).ToArray();
        if (offset >= 0) bytes[offset] = value;
        if (offset == 75) { bytes[74] = 0; bytes[63] = 0xFF; }
        Assert.False(StunMessage.TryParse(bytes, out _, out StunParseError error));
        Assert.Equal(expected, error);
    }

    [Fact]
    public void TryParse_LongerThanTheLimit_IsTooLong()
    {
        byte[] bytes = new byte[StunMessage.MaximumLength + 4];
        var writer = new StunMessageWriter(bytes, StunClass.Request, StunMethod.Binding, new byte[12]);
        writer.Add((StunAttributeType)0xC070, new byte[bytes.Length - 24]);
        Assert.False(StunMessage.TryParse(bytes.AsSpan(0, writer.Length), out _, out StunParseError error));
        Assert.Equal(StunParseError.TooLong, error);
    }

    [Fact]
    public void TryParse_AttributeAfterFingerprint_IsRefused()
    {
        byte[] bytes = new byte[64];
        var writer = new StunMessageWriter(bytes, StunClass.Request, StunMethod.Binding, new byte[12]);
        writer.AddFingerprint();
        BinaryPrimitives.WriteUInt16BigEndian(bytes.AsSpan(28), (ushort)StunAttributeType.UseCandidate);
        BinaryPrimitives.WriteUInt16BigEndian(bytes.AsSpan(2), 12);
        Assert.False(StunMessage.TryParse(bytes.AsSpan(0, 32), out _, out StunParseError error));
        Assert.Equal(StunParseError.AttributeAfterFingerprint, error);
    }

    [Fact]
    public void Attributes_BehindMessageIntegrity_AreIgnored()
    {
        byte[] bytes = new byte[128];
        var writer = new StunMessageWriter(bytes, StunClass.Request, StunMethod.Binding, new byte[12]);
        writer.AddMessageIntegrity(Key);

        // Someone on the path appends USE-CANDIDATE to a check that was signed without it, and a matching FINGERPRINT.
        byte[] forged = new byte[128];
        var forger = new StunMessageWriter(forged, StunClass.Request, StunMethod.Binding, new byte[12]);
        forger.Add((StunAttributeType)0x8FFF, new byte[20]);
        forger.AddFlag(StunAttributeType.UseCandidate);
        bytes.AsSpan(20, 24).CopyTo(forged.AsSpan(20));
        forger.AddFingerprint();

        Assert.True(StunMessage.TryParse(forged.AsSpan(0, forger.Length), out StunMessage message, out _));
        Assert.True(message.VerifyMessageIntegrity(Key));
        Assert.True(message.HasValidFingerprint());
        Assert.False(message.HasUseCandidate);
    }

    [Fact]
    public void TryGet_AttributeTwice_FirstCounts()
    {
        byte[] bytes = new byte[128];
        var writer = new StunMessageWriter(bytes, StunClass.Request, StunMethod.Binding, new byte[12]);
        writer.Add(StunAttributeType.Username, "first:x"u8);
        writer.Add(StunAttributeType.Username, "second:x"u8);
        Assert.True(StunMessage.TryParse(bytes.AsSpan(0, writer.Length), out StunMessage message, out _));
        Assert.Equal("first:x", Encoding.ASCII.GetString(message.Username));
    }

    [Fact]
    public void Attributes_UnknownAndLarge_AreKept()
    {
        // A check with a DTLS flight inside, as Chromium sends with SPED (0xC070): 1.2 kB.
        byte[] flight = Enumerable.Range(0, 1001).Select(i => (byte)i).ToArray();
        byte[] bytes = new byte[1300];
        var writer = new StunMessageWriter(bytes, StunClass.Request, StunMethod.Binding, new byte[12]);
        writer.Add(StunAttributeType.Username, "abcd:efgh"u8);
        writer.Add((StunAttributeType)0xC070, flight);
        writer.Add((StunAttributeType)0x7FFF, [1]);
        writer.AddMessageIntegrity(Key);
        writer.AddFingerprint();
        Assert.True(StunMessage.TryParse(bytes.AsSpan(0, writer.Length), out StunMessage message, out _));
        Assert.True(message.VerifyMessageIntegrity(Key));
        Assert.True(message.TryGet((StunAttributeType)0xC070, out ReadOnlySpan<byte> value));
        Assert.True(value.SequenceEqual(flight));
        var required = new List<int>();
        foreach (StunAttribute attribute in message.Attributes)
        {
            if (attribute.IsComprehensionRequired) required.Add((int)attribute.Type);
        }
        Assert.Equal([0x0006, 0x7FFF, 0x0008], required);
    }

    [Theory]
    [InlineData(400)]
    [InlineData(487)]
    [InlineData(699)]
    public void AddErrorCode_AnyCode_ReadsBack(int code)
    {
        byte[] bytes = new byte[64];
        var writer = new StunMessageWriter(bytes, StunClass.ErrorResponse, StunMethod.Binding, new byte[12]);
        writer.AddErrorCode(code, "Role Conflict"u8);
        Assert.True(StunMessage.TryParse(bytes.AsSpan(0, writer.Length), out StunMessage message, out _));
        Assert.Equal(StunClass.ErrorResponse, message.Class);
        Assert.True(message.TryGetErrorCode(out int read));
        Assert.Equal(code, read);
    }

    [Theory]
    [InlineData(0x0001, StunClass.Request, 0x001)]
    [InlineData(0x0011, StunClass.Indication, 0x001)]
    [InlineData(0x0101, StunClass.SuccessResponse, 0x001)]
    [InlineData(0x0111, StunClass.ErrorResponse, 0x001)]
    [InlineData(0x3EEF, StunClass.Request, 0xFFF)]
    public void EncodeType_ClassAndMethod_InterleaveTheirBits(int type, StunClass messageClass, int method)
    {
        Assert.Equal(type, StunHeader.EncodeType(messageClass, (StunMethod)method));
        Assert.Equal(messageClass, StunHeader.DecodeClass((ushort)type));
        Assert.Equal(method, (int)StunHeader.DecodeMethod((ushort)type));
    }

    [Fact]
    public void Writer_TooSmallADestination_Throws()
        => Assert.Throws<InvalidOperationException>(() =>
        {
            var writer = new StunMessageWriter(new byte[24], StunClass.Request, StunMethod.Binding, new byte[12]);
            writer.AddUInt32(StunAttributeType.Priority, 1);
        });

    [Fact]
    public void Writer_AttributeAfterFingerprint_Throws()
        => Assert.Throws<InvalidOperationException>(() =>
        {
            var writer = new StunMessageWriter(new byte[64], StunClass.Request, StunMethod.Binding, new byte[12]);
            writer.AddFingerprint();
            writer.AddUInt32(StunAttributeType.Priority, 1);
        });

    [Fact]
    public void ReadVerifyAnswer_PerCheck_AllocatesNothing()
    {
        byte[] request = Rfc5769Vectors.SampleRequest;
        byte[] buffer = new byte[256];
        Assert.True(TransportAddress.TryParse("[2001:db8::7]:5000", out TransportAddress mapped));
        bool isGood = true;
        for (int i = 0; i < 50; i++) isGood &= ReadVerifyAnswer(request, buffer, mapped);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 1000; i++) isGood &= ReadVerifyAnswer(request, buffer, mapped);
        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        Assert.True(isGood);
        Assert.Equal(0, allocated);
    }

    private static bool ReadVerifyAnswer(byte[] request, byte[] buffer, TransportAddress mapped)
    {
        if (!StunMessage.TryParse(request, out StunMessage message, out _)) return false;
        bool isGood = message.HasValidFingerprint() && message.VerifyMessageIntegrity(Rfc5769Vectors.ShortTermKey)
            && !message.HasUseCandidate && !message.Username.IsEmpty;
        var writer = new StunMessageWriter(buffer, StunClass.SuccessResponse, StunMethod.Binding, message.TransactionId);
        writer.AddXorMappedAddress(mapped);
        writer.AddMessageIntegrity(Key);
        writer.AddFingerprint();
        return isGood && writer.Length == 20 + 24 + 24 + 8;
    }
}
