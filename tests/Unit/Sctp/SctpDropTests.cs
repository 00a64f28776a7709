using System.Buffers.Binary;
using Dapr.Voice.Sctp;
using Xunit;

namespace Dapr.Voice.Tests.Unit.Sctp;

/// <summary>Each packet or chunk that an association ignores is counted under its reason, and the association goes on.</summary>
public sealed class SctpDropTests
{
    private readonly SctpLink _link;
    private readonly uint _tagOfB;
    private readonly uint _nextTsn;
    private readonly byte[] _lastData;

    public SctpDropTests()
    {
        _link = new SctpLink(41, new SctpOptions
            { RandomSeed = 1, ReceiveWindowBytes = 16 * 1024, MaximumReceiveMessageBytes = 16 * 1024 });
        byte[] data = [];
        _link.Filter = (packet, isFromA) =>
        {
            if (isFromA && packet[12] == 0) data = packet;
            return true;
        };
        _link.Connect();
        Assert.Equal(SctpSendResult.Queued, _link.A.Send(0, 53, [1, 2, 3, 4], false, null, _link.Now));
        _link.Run(100);
        Assert.NotNull(SctpAssociationTests.TryReceive(_link.B));
        _lastData = data;
        _tagOfB = BinaryPrimitives.ReadUInt32BigEndian(data.AsSpan(4));
        _nextTsn = BinaryPrimitives.ReadUInt32BigEndian(data.AsSpan(16)) + 1;
    }

    [Fact]
    public void Receive_DataAgain_IsADuplicate()
    {
        _link.B.Receive(_lastData, _link.Now);
        AssertDropped(SctpDropReason.DuplicateData, 1);
        Assert.Null(SctpAssociationTests.TryReceive(_link.B));
    }

    [Fact]
    public void Receive_TsnBeyondWhatASackCanName_IsDropped()
    {
        Receive(Data(_nextTsn + 1_000_000, 0, 10));
        AssertDropped(SctpDropReason.TsnTooFarAhead, 1);
    }

    [Fact]
    public void Receive_StreamThatWasNotOffered_IsDropped()
    {
        Receive(Data(_nextTsn, 1024, 10));
        AssertDropped(SctpDropReason.InvalidStream, 1);
    }

    [Fact]
    public void Receive_MoreStreamsThanAreKept_AreDropped()
    {
        // Stream 0 is in use already.
        for (ushort stream = 1; stream <= 64; stream++) Receive(Data(_nextTsn + stream - 1u, stream, 10));
        AssertDropped(SctpDropReason.TooManyStreams, 1);
    }

    [Fact]
    public void Receive_MoreThanTheWindow_IsDropped()
    {
        // The first TSN is missing, so that nothing can be delivered.
        for (uint i = 1; i <= 17; i++) Receive(Data(_nextTsn + i, 0, 1000));
        AssertDropped(SctpDropReason.ReceiveBufferFull, 1);
    }

    [Fact]
    public void Receive_MoreChunksThanAllowed_AreDroppedAndComeAgain()
    {
        var link = new SctpLink(42, new SctpOptions { RandomSeed = 1, ChunksPerSecond = 200, ChunkBurst = 20 });
        link.Connect();
        int received = 0;
        link.OnStep = () =>
        {
            while (SctpAssociationTests.TryReceive(link.B) is not null) received++;
        };
        for (int i = 0; i < 400; i++) Assert.Equal(SctpSendResult.Queued, link.A.Send(0, 53, [1, 2, 3, 4], false, null, link.Now));
        Assert.True(link.RunUntil(() => received == 400, 60_000), $"{received} messages arrived");
        Assert.True(link.B.DropCount(SctpDropReason.TooManyChunks) > 0);
        Assert.True(link.B.IsConnected);
    }

    [Fact]
    public void Receive_SackOfDataThatWasNeverSent_IsStale()
    {
        Receive([3, 0, 0, 16, 0x12, 0x34, 0x56, 0x78, 0, 1, 0, 0, 0, 0, 0, 0]);
        AssertDropped(SctpDropReason.StaleSack, 1);
    }

    [Fact]
    public void Receive_LongHeartbeat_IsNotEchoed()
    {
        byte[] heartbeat = new byte[4 + 600];
        (heartbeat[0], heartbeat[2], heartbeat[3]) = (4, 604 >> 8, 604 & 0xFF);
        Receive(heartbeat);
        AssertDropped(SctpDropReason.HeartbeatTooLarge, 1);
    }

    [Theory]
    [InlineData("0B000004")] // COOKIE ACK
    [InlineData("08000004")] // SHUTDOWN ACK
    [InlineData("0E000004")] // SHUTDOWN COMPLETE
    [InlineData("05000010000100080000000000000000")] // HEARTBEAT ACK of nothing
    public void Receive_ChunkWithoutMeaningInThisState_IsUnexpected(string chunk)
    {
        Receive(Convert.FromHexString(chunk));
        AssertDropped(SctpDropReason.UnexpectedChunk, 1);
    }

    [Theory]
    [InlineData("03000003")] // shorter than its own header
    [InlineData("03000040")] // longer than the packet
    [InlineData("0300000800000000")] // a SACK without its fields
    [InlineData("0000000800000000")] // DATA without its fields
    [InlineData("C0000004")] // FORWARD TSN without a TSN
    public void Receive_ChunkThatIsCutOff_IsMalformed(string chunk)
    {
        Receive(Convert.FromHexString(chunk));
        AssertDropped(SctpDropReason.MalformedChunk, 1);
    }

    [Fact]
    public void Receive_AfterTheEnd_IsCounted()
    {
        Receive([6, 0, 0, 4]);
        Assert.Equal(SctpPhase.Ended, _link.B.Phase);
        _link.B.Receive(_lastData, _link.Now);
        Assert.Equal(1, _link.B.DropCount(SctpDropReason.AssociationEnded));
    }

    private static byte[] Data(uint tsn, ushort stream, int payloadBytes)
    {
        byte[] chunk = new byte[16 + ((payloadBytes + 3) & ~3)];
        chunk[1] = 3; // a whole message
        BinaryPrimitives.WriteUInt16BigEndian(chunk.AsSpan(2), (ushort)(16 + payloadBytes));
        BinaryPrimitives.WriteUInt32BigEndian(chunk.AsSpan(4), tsn);
        BinaryPrimitives.WriteUInt16BigEndian(chunk.AsSpan(8), stream);
        BinaryPrimitives.WriteUInt32BigEndian(chunk.AsSpan(12), 53);
        return chunk;
    }

    private void Receive(byte[] chunk) => _link.B.Receive(SctpAssociationTests.Packet(_tagOfB, chunk), _link.Now);

    private void AssertDropped(SctpDropReason reason, long count)
    {
        Assert.Equal(count, _link.B.DropCount(reason));
        Assert.True(_link.B.IsConnected);
    }
}
