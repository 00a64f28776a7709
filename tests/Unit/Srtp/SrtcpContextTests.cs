using System.Buffers.Binary;
using Dapr.Voice.Rtp;
using Dapr.Voice.Srtp;
using Xunit;

namespace Dapr.Voice.Tests.Unit.Srtp;

public sealed class SrtcpContextTests
{
    public static TheoryData<SrtpProtectionProfile> Profiles
        => [SrtpProtectionProfile.Aes128CmHmacSha1_80, SrtpProtectionProfile.Aes128CmHmacSha1_32, SrtpProtectionProfile.AeadAes128Gcm];

    [Theory, MemberData(nameof(Profiles))]
    public void ProtectAndUnprotect_Compounds_GiveBackEachOne(SrtpProtectionProfile profile)
    {
        using var sender = new SrtcpContext(SrtpTestData.Of(profile));
        using var receiver = new SrtcpContext(SrtpTestData.Of(profile));
        for (int i = 0; i < 300; i++)
        {
            byte[] packet = SrtpTestData.ProtectedRtcp(sender);
            Assert.True(receiver.TryUnprotect(packet, packet.Length, out int length, out _));
            Assert.True(RtcpCompound.TryParse(packet.AsSpan(0, length), out RtcpCompound compound, out _));
            Assert.True(compound.MoveNext() && compound.Current.Type == RtcpPacketType.ReceiverReport);
        }
    }

    [Theory, MemberData(nameof(Profiles))]
    public void ProtectAndUnprotect_ByeOfEightBytes_HasNothingToEncryptAndWorks(SrtpProtectionProfile profile)
    {
        using var sender = new SrtcpContext(SrtpTestData.Of(profile));
        using var receiver = new SrtcpContext(SrtpTestData.Of(profile));
        byte[] packet = SrtpTestData.ProtectedRtcp(sender, ssrc: 5, isByeOnly: true);
        Assert.Equal(8 + 4 + SrtpProfileParameters.RtcpTagLength(profile), packet.Length);
        Assert.True(receiver.TryUnprotect(packet, packet.Length, out int length, out _));
        Assert.Equal("81CB000100000005", Convert.ToHexString(packet.AsSpan(0, length)));
    }

    [Theory, MemberData(nameof(Profiles))]
    public void TryUnprotect_AnyBitFlipped_IsRefused(SrtpProtectionProfile profile)
    {
        using var sender = new SrtcpContext(SrtpTestData.Of(profile));
        using var receiver = new SrtcpContext(SrtpTestData.Of(profile));
        byte[] packet = SrtpTestData.ProtectedRtcp(sender);
        for (int bit = 0; bit < packet.Length * 8; bit++)
        {
            byte[] damaged = [.. packet];
            damaged[bit / 8] ^= (byte)(1 << bit % 8);
            Assert.False(receiver.TryUnprotect(damaged, damaged.Length, out _, out _));
        }
        Assert.True(receiver.TryUnprotect([.. packet], packet.Length, out _, out _));
        Assert.False(receiver.TryUnprotect([.. packet], packet.Length, out _, out SrtpError error));
        Assert.Equal(SrtpError.Replayed, error);
    }

    [Theory, MemberData(nameof(Profiles))]
    public void TryUnprotect_ShortForeignOrOldPacket_IsCountedUnderItsReason(SrtpProtectionProfile profile)
    {
        using var sender = new SrtcpContext(SrtpTestData.Of(profile));
        using var receiver = new SrtcpContext(SrtpTestData.Of(profile));
        byte[] first = SrtpTestData.ProtectedRtcp(sender), foreign = [.. first];
        foreign[0] &= 0x3F;
        Assert.False(receiver.TryUnprotect(first[..8], 8, out _, out SrtpError error));
        Assert.Equal(SrtpError.TooShort, error);
        Assert.False(receiver.TryUnprotect(foreign, foreign.Length, out _, out error));
        Assert.Equal(SrtpError.BadHeader, error);
        for (int i = 0; i < 200; i++)
        {
            byte[] next = SrtpTestData.ProtectedRtcp(sender);
            Assert.True(receiver.TryUnprotect(next, next.Length, out _, out _));
        }
        Assert.False(receiver.TryUnprotect(first, first.Length, out _, out error));
        Assert.Equal(SrtpError.TooOld, error);
        Assert.Equal((1, 1, 1),
            (receiver.Errors[SrtpError.TooShort], receiver.Errors[SrtpError.BadHeader], receiver.Errors[SrtpError.TooOld]));
    }

    [Fact]
    public void TryUnprotect_AesCmWithoutEncryption_IsAuthenticatedAndLeftAsItIs()
    {
        // RFC 3711, section 3.4: the E flag is the sender's choice.
        using var cipher = SessionCipher.Derive(SrtpTestData.Cm, isRtcp: true, isEncrypting: true);
        byte[] packet = [.. Convert.FromHexString("80C9000100000005" + "00000007"), .. new byte[10]];
        cipher.Authenticate(packet.AsSpan(0, 12), packet.AsSpan(12));
        using var receiver = new SrtcpContext(SrtpTestData.Cm);
        Assert.True(receiver.TryUnprotect(packet, packet.Length, out int length, out _));
        Assert.Equal("80C9000100000005", Convert.ToHexString(packet.AsSpan(0, length)));
    }

    [Fact]
    public void Protect_IndexUsedUp_Throws()
    {
        SrtpKeyingMaterial material = SrtpTestData.Gcm;
        using var sender = SrtcpContext.Import(
            new SrtpContextState(material.Profile, material.Key, material.Salt, [new SrtpSourceState(1, 0x7FFF_FFFE, 0, 1)]));
        using var receiver = new SrtcpContext(material);
        byte[] last = SrtpTestData.ProtectedRtcp(sender);
        Assert.Equal(0xFFFF_FFFFu, BinaryPrimitives.ReadUInt32BigEndian(last.AsSpan(last.Length - 4)));
        Assert.True(receiver.TryUnprotect(last, last.Length, out _, out _));
        Assert.Throws<InvalidOperationException>(() => SrtpTestData.ProtectedRtcp(sender));
    }

    [Theory, MemberData(nameof(Profiles))]
    public void Import_InMidStream_ContinuesBothEnds(SrtpProtectionProfile profile)
    {
        using var sender = new SrtcpContext(SrtpTestData.Of(profile));
        using var receiver = new SrtcpContext(SrtpTestData.Of(profile));
        byte[] first = SrtpTestData.ProtectedRtcp(sender);
        Assert.True(receiver.TryUnprotect([.. first], first.Length, out _, out _));
        using var newSender = SrtcpContext.Import(sender.ExportState());
        using var newReceiver = SrtcpContext.Import(receiver.ExportState());
        Assert.False(newReceiver.TryUnprotect([.. first], first.Length, out _, out SrtpError error));
        Assert.Equal(SrtpError.Replayed, error);
        byte[] second = SrtpTestData.ProtectedRtcp(newSender);
        Assert.True(newReceiver.TryUnprotect(second, second.Length, out _, out _));
    }

    [Fact]
    public void TryUnprotect_NinthSsrc_IsRefused()
    {
        using var receiver = new SrtcpContext(SrtpTestData.Gcm);
        for (uint ssrc = 0; ssrc < 9; ssrc++)
        {
            using var sender = new SrtcpContext(SrtpTestData.Gcm);
            byte[] packet = SrtpTestData.ProtectedRtcp(sender, ssrc);
            Assert.Equal(ssrc < 8, receiver.TryUnprotect(packet, packet.Length, out _, out SrtpError error));
            Assert.Equal(ssrc < 8 ? SrtpError.None : SrtpError.TooManySources, error);
        }
    }

    [Theory, MemberData(nameof(Profiles))]
    public void TryUnprotect_AnyBytes_NeverThrow(SrtpProtectionProfile profile)
    {
        using var receiver = new SrtcpContext(SrtpTestData.Of(profile));
        var random = new Random(4);
        for (int i = 0; i < 20_000; i++)
        {
            byte[] bytes = new byte[random.Next(0, 60)];
            random.NextBytes(bytes);
            if (bytes.Length > 0 && i % 2 == 0) bytes[0] = (byte)(0x80 | bytes[0] & 0x3F);
            Assert.False(receiver.TryUnprotect(bytes, bytes.Length, out _, out _));
        }
    }

    [Theory, MemberData(nameof(Profiles))]
    public void ProtectAndUnprotect_SteadyState_AllocateNothing(SrtpProtectionProfile profile)
    {
        using var sender = new SrtcpContext(SrtpTestData.Of(profile));
        using var receiver = new SrtcpContext(SrtpTestData.Of(profile));
        byte[] buffer = new byte[100];
        Run(100);
        long before = GC.GetAllocatedBytesForCurrentThread();
        Run(1000);
        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());

        void Run(int rounds)
        {
            for (int i = 0; i < rounds; i++)
            {
                var writer = new RtcpWriter(buffer);
                writer.AddReceiverReport(1);
                if (!receiver.TryUnprotect(buffer, sender.Protect(buffer, writer.Length), out _, out _))
                    throw new InvalidOperationException("refused");
            }
        }
    }
}
