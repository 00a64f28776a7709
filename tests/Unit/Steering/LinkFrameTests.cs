using Dapr.Voice.Steering;
using Dapr.Voice.Wire;
using FsCheck;
using FsCheck.Fluent;
using Xunit;

namespace Dapr.Voice.Tests.Unit.Steering;

public sealed class LinkFrameTests
{
    [Fact]
    public void Write_AnyPacket_RoundTrips()
        => Prop.ForAll<byte[], ulong, bool>((packet, word, isIPv4) =>
        {
            TransportAddress client = isIPv4 ? TransportAddress.FromIPv4((uint)word, (ushort)word)
                : new TransportAddress(word | 1, word, (ushort)word);
            byte[] buffer = new byte[packet.Length + LinkFrame.HeaderLengthIPv6];
            int length = LinkFrame.Write(buffer, LinkFrameKind.Data, word, new SessionId(~word), client, packet, (byte)(word & 15), isIPv4);
            Assert.Equal(LinkFrame.HeaderLength(client) + packet.Length, length);
            Assert.True(LinkFrame.TryRead(buffer, out LinkFrame frame, out LinkFrameError error));
            Assert.Equal(LinkFrameError.None, error);
            Assert.Equal(LinkFrameKind.Data, frame.Kind);
            Assert.Equal(word, frame.Cookie);
            Assert.Equal(new SessionId(~word), frame.SessionId);
            Assert.Equal(client, frame.Client);
            Assert.Equal((byte)(word & 15), frame.Ingress);
            Assert.Equal(isIPv4, frame.IsUnverifiedSource);
            Assert.Equal(length, frame.Length);
            Assert.Equal(packet, frame.Payload.ToArray());
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void Write_KnownFrame_HasTheBytesOfTheDrawing()
    {
        byte[] buffer = new byte[64];
        int length = LinkFrame.Write(buffer, LinkFrameKind.Data, 0x0102030405060708, new SessionId(0x1112131415161718),
            TransportAddress.FromIPv4(0xC0000207, 0x1234), [0xAA, 0xBB], 3, true);
        Assert.Equal("11430002" + "0102030405060708" + "1112131415161718" + "1234" + "c0000207" + "aabb",
            Convert.ToHexStringLower(buffer.AsSpan(0, length)));
    }

    [Fact]
    public void TryRead_AnyBytes_NeverThrows()
        => Prop.ForAll<byte[]>(bytes => { LinkFrame.TryRead(bytes, out _, out _); }).QuickCheckThrowOnFailure();

    [Fact]
    public void TryRead_CutAnywhere_IsRefused()
    {
        byte[] buffer = new byte[100];
        int length = LinkFrame.Write(buffer, LinkFrameKind.Data, 1, default, new TransportAddress(1, 2, 3), new byte[40]);
        for (int i = 0; i < length; i++) Assert.False(LinkFrame.TryRead(buffer.AsSpan(0, i), out _, out _));
    }

    [Theory]
    [InlineData(0x21, LinkFrameError.UnknownVersion)]
    [InlineData(0x10, LinkFrameError.UnknownKind)]
    [InlineData(0x1F, LinkFrameError.UnknownKind)]
    public void TryRead_UnknownFirstByte_SaysWhy(byte first, LinkFrameError expected)
    {
        byte[] bytes = new byte[LinkFrame.HeaderLengthIPv4];
        bytes[0] = first;
        Assert.False(LinkFrame.TryRead(bytes, out _, out LinkFrameError error));
        Assert.Equal(expected, error);
    }

    [Fact]
    public void Slots_AnyOwnership_RoundTripsInParts()
        => Prop.ForAll<int>(seed =>
        {
            var random = new Random(seed);
            long[] epochs = [.. Enumerable.Range(0, 2000).Select(_ => random.Next(3) == 0 ? -1L : random.Next(3))];
            long[] read = new long[epochs.Length];
            byte[] payload = new byte[LinkSlots.MaximumLength];
            int next = 0, expectedFirst = 0;
            while (next < epochs.Length)
            {
                int length = LinkSlots.Write(payload, 7, 4, epochs, next, out next);
                Assert.True(LinkSlots.TryRead(payload.AsSpan(0, length), out LinkSlots slots));
                Assert.Equal((7u, (byte)4, expectedFirst), (slots.Announcement, slots.Region, (int)slots.First));
                expectedFirst = slots.Last + 1;
                for (int s = slots.First; s <= slots.Last; s++) read[s] = -1;
                for (int i = 0; i < slots.RunCount; i++)
                {
                    slots.Run(i, out int slot, out int count, out uint epoch);
                    for (int s = 0; s < count; s++) read[slot + s] = epoch;
                }
            }
            Assert.Equal(epochs, read);
        }).QuickCheckThrowOnFailure();
}
