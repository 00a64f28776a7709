using System.Buffers.Binary;
using Dapr.Voice.Cli.Drills.Measures;
using Xunit;

namespace Dapr.Voice.Tests.Unit.Cli;

public sealed class IndexWatchTests
{
    private const ulong Flow = 5_000;

    private readonly IndexWatch _watch = new();

    [Fact]
    public void Rtp_SequenceNumberWithAnotherContent_IsAReuse()
    {
        Assert.Null(_watch.Observe(Flow, Rtp(10, content: 1)));
        Assert.Contains("sequence number 10", _watch.Observe(Flow, Rtp(10, content: 2)), StringComparison.Ordinal);
    }

    [Fact]
    public void Rtp_RepeatedByteForByte_IsNone()
    {
        Assert.Null(_watch.Observe(Flow, Rtp(10, content: 1)));
        Assert.Null(_watch.Observe(Flow, Rtp(10, content: 1)));
    }

    [Fact]
    public void Rtp_SameNumberAfterARollover_IsAnotherIndex()
    {
        for (int index = 10; index <= 10 + 0x10000; index += 16) Assert.Null(_watch.Observe(Flow, Rtp((ushort)index, content: index)));
    }

    [Fact]
    public void Rtp_OfASuccessorThatJumpsAhead_IsNone()
    {
        Assert.Null(_watch.Observe(Flow, Rtp(60_000, content: 1)));
        Assert.Null(_watch.Observe(Flow, Rtp(unchecked((ushort)(60_000 + 16_384)), content: 2)));
    }

    [Fact]
    public void Rtp_OfTwoStreams_DoNotMeet()
    {
        Assert.Null(_watch.Observe(Flow, Rtp(10, content: 1, ssrc: 1)));
        Assert.Null(_watch.Observe(Flow, Rtp(10, content: 2, ssrc: 2)));
    }

    [Fact]
    public void Rtcp_IndexWithAnotherContent_IsAReuse()
    {
        Assert.Null(_watch.Observe(Flow, Rtcp(3, content: 1)));
        Assert.Null(_watch.Observe(Flow, Rtcp(4, content: 1)));
        Assert.Contains("SRTCP index 3", _watch.Observe(Flow, Rtcp(3, content: 2)), StringComparison.Ordinal);
    }

    [Fact]
    public void Record_NumberWithAnotherContent_IsAReuse()
    {
        Assert.Null(_watch.Observe(Flow, Record(epoch: 1, number: 7, content: 1)));
        Assert.Null(_watch.Observe(Flow + 1, Record(epoch: 1, number: 7, content: 2)));
        Assert.Contains("DTLS record 1/7", _watch.Observe(Flow, Record(epoch: 1, number: 7, content: 3)), StringComparison.Ordinal);
    }

    [Fact]
    public void Record_WithoutKeys_IsNone()
    {
        Assert.Null(_watch.Observe(Flow, Record(epoch: 0, number: 0, content: 1)));
        Assert.Null(_watch.Observe(Flow, Record(epoch: 0, number: 0, content: 2)));
        Assert.Equal(0, _watch.Packets);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(5)]
    [InlineData(13)]
    [InlineData(40)]
    public void Datagram_OfAnyBytes_IsSurvived(int length)
    {
        byte[] datagram = new byte[length];
        for (int first = 0; first < 256 && length > 0; first++)
        {
            datagram[0] = (byte)first;
            _watch.Observe(Flow, datagram);
        }
        Assert.Null(_watch.Observe(Flow, new byte[length]));
    }

    private static byte[] Rtp(ushort sequence, int content, uint ssrc = 0x1234)
    {
        byte[] packet = new byte[40];
        packet[0] = 0x80;
        packet[1] = 111;
        BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(2), sequence);
        BinaryPrimitives.WriteUInt32BigEndian(packet.AsSpan(8), ssrc);
        BinaryPrimitives.WriteInt32BigEndian(packet.AsSpan(20), content);
        return packet;
    }

    private static byte[] Rtcp(uint index, int content)
    {
        byte[] packet = new byte[48];
        packet[0] = 0x80;
        packet[1] = 200;
        BinaryPrimitives.WriteInt32BigEndian(packet.AsSpan(20), content);
        BinaryPrimitives.WriteUInt32BigEndian(packet.AsSpan(44), index | 0x8000_0000);
        return packet;
    }

    private static byte[] Record(ushort epoch, ulong number, int content)
    {
        byte[] record = new byte[13 + 24];
        record[0] = 23;
        BinaryPrimitives.WriteUInt64BigEndian(record.AsSpan(3), number);
        BinaryPrimitives.WriteUInt16BigEndian(record.AsSpan(3), epoch);
        BinaryPrimitives.WriteUInt16BigEndian(record.AsSpan(11), 24);
        BinaryPrimitives.WriteInt32BigEndian(record.AsSpan(20), content);
        return record;
    }
}
