using System.Buffers.Binary;
using System.Security.Cryptography;
using Dapr.Voice.Srtp;
using Xunit;

namespace Dapr.Voice.Tests.Unit.Srtp;

public sealed class SrtpContextTests
{
    public static TheoryData<SrtpProtectionProfile> Profiles
        => [SrtpProtectionProfile.Aes128CmHmacSha1_80, SrtpProtectionProfile.Aes128CmHmacSha1_32, SrtpProtectionProfile.AeadAes128Gcm];

    [Fact]
    public void TryUnprotect_HeaderThatDoesNotFit_IsCountedUnderItsReason()
    {
        using var receiver = new SrtpContext(SrtpTestData.Cm);
        byte[] packet = SrtpTestData.Packet(1);
        Assert.False(receiver.TryUnprotect(packet, 12, out _, out SrtpError error));
        Assert.Equal(SrtpError.TooShort, error);
        packet[0] |= 0x0F; // fifteen CSRCs, for which the packet has no room
        Assert.False(receiver.TryUnprotect(packet, 12 + 10 + 20, out _, out error));
        Assert.Equal(SrtpError.BadHeader, error);
        Assert.Equal((1, 1), (receiver.Errors[SrtpError.TooShort], receiver.Errors[SrtpError.BadHeader]));
    }

    [Theory, MemberData(nameof(Profiles))]
    public void ProtectAndUnprotect_ManyPackets_GiveBackEachOne(SrtpProtectionProfile profile)
    {
        using var sender = new SrtpContext(SrtpTestData.Of(profile));
        using var receiver = new SrtpContext(SrtpTestData.Of(profile));
        for (int i = 0; i < 300; i++)
        {
            int payload = i % 50;
            byte[] packet = SrtpTestData.Protected(sender, (ushort)i, payloadLength: payload);
            Assert.Equal(12 + payload + SrtpProfileParameters.TagLength(profile), packet.Length);
            Assert.True(receiver.TryUnprotect(packet, packet.Length, out int length, out _));
            Assert.Equal(SrtpTestData.Packet((ushort)i, payloadLength: payload).AsSpan(0, 12 + payload), packet.AsSpan(0, length));
        }
        Assert.Equal(0, Enum.GetValues<SrtpError>().Sum(reason => receiver.Errors[reason]));
    }

    [Theory, MemberData(nameof(Profiles))]
    public void TryUnprotect_FirstPacketsOfAWrapLost_HearsTheRest(SrtpProtectionProfile profile)
    {
        using var sender = new SrtpContext(SrtpTestData.Of(profile));
        using var receiver = new SrtpContext(SrtpTestData.Of(profile));
        for (int sequence = 65_530; sequence < 65_536; sequence++) _ = SrtpTestData.Protected(sender, (ushort)sequence);
        for (ushort sequence = 2; sequence < 200; sequence++)
        {
            byte[] packet = SrtpTestData.Protected(sender, sequence);
            Assert.True(receiver.TryUnprotect(packet, packet.Length, out int length, out _));
            Assert.Equal(SrtpTestData.Packet(sequence).AsSpan(0, length), packet.AsSpan(0, length));
            Assert.True(receiver.IsNewest);
        }
        Assert.Equal(0, receiver.Errors[SrtpError.AuthenticationFailed]);
    }

    [Theory, MemberData(nameof(Profiles))]
    public void TryUnprotect_ForgedFirstPacket_IsCountedOnceAndTakesNoEntry(SrtpProtectionProfile profile)
    {
        using var sender = new SrtpContext(SrtpTestData.Of(profile));
        using var receiver = new SrtpContext(SrtpTestData.Of(profile));
        byte[] packet = SrtpTestData.Protected(sender, 1);
        packet[^1] ^= 1;
        Assert.False(receiver.TryUnprotect(packet, packet.Length, out _, out SrtpError error));
        Assert.Equal((SrtpError.AuthenticationFailed, 1), (error, receiver.Errors[error]));
        byte[] next = SrtpTestData.Protected(sender, 2);
        Assert.True(receiver.TryUnprotect(next, next.Length, out _, out _));
    }

    [Fact]
    public void Protect_AesCm_EqualsAnIndependentComputation()
    {
        // RFC 3711, sections 4.1.1 and 4.2, once more with the runtime's own AES and HMAC, at a rollover counter of 2.
        SrtpKeyingMaterial material = SrtpTestData.Cm;
        byte[] key = new byte[16], authenticationKey = new byte[20], salt = new byte[14];
        KeyDerivation.Derive(material.Key, material.Salt, KeyDerivationLabel.RtpEncryption, key);
        KeyDerivation.Derive(material.Key, material.Salt, KeyDerivationLabel.RtpAuthentication, authenticationKey);
        KeyDerivation.Derive(material.Key, material.Salt, KeyDerivationLabel.RtpSalt, salt);
        const uint ssrc = 0xCAFEBABE;
        const long index = 2 << 16 | 0x1234;
        byte[] plain = SrtpTestData.Packet(0x1234, ssrc, 40)[..52];
        using var aes = Aes.Create();
        aes.Key = key;
        byte[] expected = [.. plain];
        for (int block = 0; block < 3; block++)
        {
            byte[] counter = new byte[16];
            salt.CopyTo(counter, 0);
            for (int i = 0; i < 4; i++) counter[4 + i] ^= (byte)(ssrc >> (24 - 8 * i));
            for (int i = 0; i < 6; i++) counter[8 + i] ^= (byte)(index >> (40 - 8 * i));
            counter[15] = (byte)block;
            byte[] keystream = aes.EncryptEcb(counter, PaddingMode.None);
            for (int i = 0; i < 16 && block * 16 + i < 40; i++) expected[12 + block * 16 + i] ^= keystream[i];
        }
        byte[] rolloverCounter = new byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(rolloverCounter, 2);
        byte[] tag = HMACSHA1.HashData(authenticationKey, (byte[])[.. expected, .. rolloverCounter])[..10];

        using var context = SrtpContext.Import(
            new SrtpContextState(material.Profile, material.Key, material.Salt, [new SrtpSourceState(ssrc, index - 1, 0, 1)]));
        Assert.Equal([.. expected, .. tag], SrtpTestData.Protected(context, 0x1234, ssrc, 40));
    }

    [Theory, MemberData(nameof(Profiles))]
    public void TryUnprotect_AnyBitFlipped_IsRefused(SrtpProtectionProfile profile)
    {
        using var sender = new SrtpContext(SrtpTestData.Of(profile));
        using var receiver = new SrtpContext(SrtpTestData.Of(profile));
        byte[] packet = SrtpTestData.Protected(sender, 5);
        for (int bit = 0; bit < packet.Length * 8; bit++)
        {
            byte[] damaged = [.. packet];
            damaged[bit / 8] ^= (byte)(1 << bit % 8);
            Assert.False(receiver.TryUnprotect(damaged, damaged.Length, out int length, out _));
            Assert.Equal(0, length);
        }
        Assert.True(receiver.TryUnprotect(packet, packet.Length, out _, out _));
    }

    [Theory, MemberData(nameof(Profiles))]
    public void TryUnprotect_Replay_IsRefusedWithItsReason(SrtpProtectionProfile profile)
    {
        using var sender = new SrtpContext(SrtpTestData.Of(profile));
        using var receiver = new SrtpContext(SrtpTestData.Of(profile));
        byte[][] packets = Enumerable.Range(0, 300).Select(i => SrtpTestData.Protected(sender, (ushort)i)).ToArray();
        Assert.Equal(SrtpError.None, Unprotect(receiver, packets[150]));
        Assert.Equal(SrtpError.Replayed, Unprotect(receiver, packets[150]));
        Assert.Equal(SrtpError.None, Unprotect(receiver, packets[23]));
        Assert.Equal(SrtpError.Replayed, Unprotect(receiver, packets[23]));
        Assert.Equal(SrtpError.TooOld, Unprotect(receiver, packets[22]));
        Assert.Equal(SrtpError.None, Unprotect(receiver, packets[299]));
        Assert.Equal(SrtpError.TooOld, Unprotect(receiver, packets[149]));
        Assert.Equal((2, 2), (receiver.Errors[SrtpError.Replayed], receiver.Errors[SrtpError.TooOld]));
    }

    [Theory, MemberData(nameof(Profiles))]
    public void IsNewest_ReorderingAcrossAWrap_TellsLatePacketsFromNewOnes(SrtpProtectionProfile profile)
    {
        using var sender = new SrtpContext(SrtpTestData.Of(profile));
        using var receiver = new SrtpContext(SrtpTestData.Of(profile));
        ushort[] sent = [65_533, 65_534, 65_535, 0, 1];
        byte[][] packets = [.. sent.Select(sequence => SrtpTestData.Protected(sender, sequence))];
        foreach ((int packet, bool isNewest) in new[] { (0, true), (3, true), (1, false), (2, false), (4, true) })
        {
            Assert.True(receiver.TryUnprotect(packets[packet], packets[packet].Length, out _, out _));
            Assert.Equal(isNewest, receiver.IsNewest);
        }
    }

    [Theory, MemberData(nameof(Profiles))]
    public void TryUnprotect_SequenceWrapsWithLossAndReordering_FollowsTheRolloverCounter(SrtpProtectionProfile profile)
    {
        using var sender = new SrtpContext(SrtpTestData.Of(profile));
        using var receiver = new SrtpContext(SrtpTestData.Of(profile));
        var random = new Random(7);
        var held = new List<byte[]>();
        int received = 0, sent = 0;
        for (int i = 0; i < 200_000; i += 1 + random.Next(40))
        {
            held.Add(SrtpTestData.Protected(sender, (ushort)i));
            sent++;
            if (held.Count < 8) continue;
            // Out of order by a few packets, every one once, also across the wraps.
            int pick = random.Next(held.Count);
            if (Unprotect(receiver, held[pick]) == SrtpError.None) received++;
            held.RemoveAt(pick);
        }
        foreach (byte[] packet in held) if (Unprotect(receiver, packet) == SrtpError.None) received++;
        Assert.True(received + receiver.Errors[SrtpError.TooOld] == sent, "only what fell behind the replay list may be refused");
        Assert.Equal(0, receiver.Errors[SrtpError.AuthenticationFailed]);
        Assert.Equal(3u, PacketIndex.RolloverCounter(receiver.ExportState().Sources[0].HighestIndex));
    }

    [Theory, MemberData(nameof(Profiles))]
    public void Import_InMidStreamBeforeAWrap_ContinuesBothEnds(SrtpProtectionProfile profile)
    {
        using var sender = new SrtpContext(SrtpTestData.Of(profile));
        using var receiver = new SrtpContext(SrtpTestData.Of(profile));
        byte[]? last = null;
        for (int i = 100; i <= 131_060; i += i < 131_000 ? 20 : 1)
            Assert.Equal(SrtpError.None, Unprotect(receiver, last = SrtpTestData.Protected(sender, (ushort)i)));
        byte[] replay = [.. last!];

        using var newSender = SrtpContext.Import(sender.ExportState());
        using var newReceiver = SrtpContext.Import(receiver.ExportState());
        for (int i = 131_061; i < 131_200; i++)
            Assert.Equal(SrtpError.None, Unprotect(newReceiver, SrtpTestData.Protected(newSender, (ushort)i)));
        Assert.Equal(2u, PacketIndex.RolloverCounter(newReceiver.ExportState().Sources[0].HighestIndex));
        Assert.NotEqual(SrtpError.None, Unprotect(newReceiver, replay));
        Assert.Throws<InvalidOperationException>(() => SrtpTestData.Protected(newSender, unchecked((ushort)131_199)));
    }

    [Theory]
    [InlineData(1, true), InlineData(500, true), InlineData(65_535, true), InlineData(65_536, true), InlineData(200_000, true)]
    [InlineData(262_144, true), InlineData(262_145, false)]
    public void TryUnprotect_AfterAStaleImport_FindsTheRolloverCounterWithinFourWraps(int ahead, bool isFound)
    {
        const long Known = 30_000;
        foreach (SrtpProtectionProfile profile in new[] { SrtpTestData.Cm.Profile, SrtpTestData.Gcm.Profile })
        {
            using var keys = new SrtpContext(SrtpTestData.Of(profile));
            SrtpContextState state = keys.ExportState();
            using var sender = SrtpContext.Import(state.WithBound(1, Known + ahead));
            using var receiver = SrtpContext.Import(state.WithBound(1, Known + 1).AsStale());
            byte[] first = SrtpTestData.Protected(sender, unchecked((ushort)(Known + ahead)));
            byte[] second = SrtpTestData.Protected(sender, unchecked((ushort)(Known + ahead + 1)));
            Assert.Equal(isFound ? SrtpError.None : SrtpError.AuthenticationFailed, Unprotect(receiver, first));
            if (!isFound) continue;
            Assert.True(receiver.IsNewest);
            Assert.Equal(Known + ahead, receiver.HighestIndex(1));
            Assert.Equal(SrtpError.None, Unprotect(receiver, second));
        }
    }

    [Fact]
    public void TryUnprotect_AfterAStaleImport_RefusesWhatTheOldOwnerHad()
    {
        using var sender = new SrtpContext(SrtpTestData.Gcm);
        using var owner = new SrtpContext(SrtpTestData.Gcm);
        byte[][] packets = [.. Enumerable.Range(100, 200).Select(i => SrtpTestData.Protected(sender, (ushort)i))];
        Assert.Equal(SrtpError.None, Unprotect(owner, [.. packets[150]]));
        using var successor = SrtpContext.Import(owner.ExportState().AsStale());
        for (int i = 0; i <= 150; i++) Assert.Equal(SrtpError.AuthenticationFailed, Unprotect(successor, [.. packets[i]]));
        Assert.Equal(SrtpError.None, Unprotect(successor, packets[199]));
        Assert.False(successor.ExportState().Sources[0].IsStale);
    }

    [Fact]
    public void Import_ReplayListInTheState_StillRefusesWhatWasSeen()
    {
        using var sender = new SrtpContext(SrtpTestData.Gcm);
        using var receiver = new SrtpContext(SrtpTestData.Gcm);
        byte[][] packets = Enumerable.Range(0, 100).Select(i => SrtpTestData.Protected(sender, (ushort)i)).ToArray();
        for (int i = 0; i < 100; i += 2) Assert.Equal(SrtpError.None, Unprotect(receiver, packets[i]));
        SrtpContextState snapshot = receiver.ExportState();
        using var imported = SrtpContext.Import(snapshot);
        for (int i = 0; i < 100; i++)
            Assert.Equal(i % 2 == 0 ? SrtpError.Replayed : SrtpError.None,
                Unprotect(imported, SrtpTestData.Protected(Fresh(i), (ushort)i)));

        static SrtpContext Fresh(int _) => new(SrtpTestData.Gcm);
    }

    [Fact]
    public void TryUnprotect_NinthSsrc_IsRefusedAndForgedOnesTakeNoPlace()
    {
        using var sender = new SrtpContext(SrtpTestData.Gcm);
        using var stranger = new SrtpContext(SrtpTestData.Gcm with { Key = new byte[16] });
        using var receiver = new SrtpContext(SrtpTestData.Gcm);
        for (uint ssrc = 100; ssrc < 108; ssrc++)
            Assert.Equal(SrtpError.AuthenticationFailed, Unprotect(receiver, SrtpTestData.Protected(stranger, 1, ssrc)));
        for (uint ssrc = 0; ssrc < 8; ssrc++) Assert.Equal(SrtpError.None, Unprotect(receiver, SrtpTestData.Protected(sender, 1, ssrc)));
        using var other = new SrtpContext(SrtpTestData.Gcm);
        Assert.Equal(SrtpError.TooManySources, Unprotect(receiver, SrtpTestData.Protected(other, 1, 8)));
        Assert.Equal(SrtpError.None, Unprotect(receiver, SrtpTestData.Protected(sender, 2, 7)));
        Assert.Equal(1, receiver.Errors[SrtpError.TooManySources]);
    }

    [Fact]
    public void TryUnprotect_ForgedPacketFarAhead_DoesNotMoveTheRolloverCounter()
    {
        using var sender = new SrtpContext(SrtpTestData.Gcm);
        using var receiver = new SrtpContext(SrtpTestData.Gcm);
        Assert.Equal(SrtpError.None, Unprotect(receiver, SrtpTestData.Protected(sender, 60_000)));
        byte[] forged = SrtpTestData.Packet(100);
        Assert.Equal(SrtpError.AuthenticationFailed, Unprotect(receiver, forged));
        Assert.Equal(SrtpError.None, Unprotect(receiver, SrtpTestData.Protected(sender, 60_001)));
    }

    [Fact]
    public void Protect_SequenceNumberAgain_Throws()
    {
        using var sender = new SrtpContext(SrtpTestData.Gcm);
        SrtpTestData.Protected(sender, 1);
        Assert.Throws<InvalidOperationException>(() => SrtpTestData.Protected(sender, 1));
    }

    [Fact]
    public void Protect_NoRoomOrNoRtp_Throws()
    {
        using var sender = new SrtpContext(SrtpTestData.Gcm);
        Assert.Throws<ArgumentException>(() => sender.Protect(SrtpTestData.Packet(1).AsSpan(0, 40), 32));
        Assert.Throws<ArgumentException>(() => sender.Protect(new byte[60], 32));
    }

    [Fact]
    public void Constructor_WrongLengths_Throws()
    {
        Assert.Throws<ArgumentException>(() => new SrtpContext(SrtpTestData.Gcm with { Salt = new byte[14] }));
        Assert.Throws<ArgumentException>(() => new SrtpContext(SrtpTestData.Cm with { Key = new byte[15] }));
        Assert.Throws<ArgumentOutOfRangeException>(() => new SrtpContext(SrtpTestData.Cm with { Profile = (SrtpProtectionProfile)3 }));
    }

    [Fact]
    public void ToString_KeysAndStates_ShowNoSecret()
    {
        using var context = new SrtpContext(SrtpTestData.Gcm);
        Assert.Equal("SrtpKeyingMaterial { Profile = AeadAes128Gcm }", SrtpTestData.Gcm.ToString());
        Assert.Equal("SrtpContextState { Profile = AeadAes128Gcm, Sources = 0 }", context.ExportState().ToString());
    }

    [Theory, MemberData(nameof(Profiles))]
    public void TryUnprotect_AnyBytes_NeverThrow(SrtpProtectionProfile profile)
    {
        using var receiver = new SrtpContext(SrtpTestData.Of(profile));
        var random = new Random(3);
        for (int i = 0; i < 20_000; i++)
        {
            byte[] bytes = new byte[random.Next(0, 80)];
            random.NextBytes(bytes);
            if (bytes.Length > 0 && i % 2 == 0) bytes[0] = (byte)(0x80 | bytes[0] & 0x3F);
            Assert.NotEqual(SrtpError.None, Unprotect(receiver, bytes));
        }
        Assert.Equal(20_000, Enum.GetValues<SrtpError>().Sum(reason => receiver.Errors[reason]));
    }

    [Theory, MemberData(nameof(Profiles))]
    public void ProtectAndUnprotect_SteadyState_AllocateNothing(SrtpProtectionProfile profile)
    {
        using var sender = new SrtpContext(SrtpTestData.Of(profile));
        using var receiver = new SrtpContext(SrtpTestData.Of(profile));
        byte[] buffer = SrtpTestData.Packet(0, payloadLength: 160);
        byte[] forged = SrtpTestData.Packet(9, ssrc: 2);
        Run(0, 100);
        long before = GC.GetAllocatedBytesForCurrentThread();
        Run(100, 2000);
        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());

        void Run(int from, int to)
        {
            for (int i = from; i < to; i++)
            {
                BinaryPrimitives.WriteUInt16BigEndian(buffer.AsSpan(2), (ushort)i);
                int length = sender.Protect(buffer, 172);
                if (!receiver.TryUnprotect(buffer, length, out _, out _)) throw new InvalidOperationException("refused");
                receiver.TryUnprotect(forged, forged.Length, out _, out _);
            }
        }
    }

    private static SrtpError Unprotect(SrtpContext context, byte[] packet)
    {
        byte[] copy = [.. packet];
        context.TryUnprotect(copy, copy.Length, out _, out SrtpError error);
        return error;
    }
}
