using System.Text;
using Dapr.Voice.Sctp;
using Dapr.Voice.Wire;
using FsCheck;
using FsCheck.Fluent;
using Xunit;

namespace Dapr.Voice.Tests.Unit.Sctp;

public sealed class DataChannelSetTests
{
    private readonly SctpLink _link = new(1, new SctpOptions { RandomSeed = 0, MaximumSendMessageBytes = 256 * 1024 });
    private readonly List<string> _receivedByA = [], _receivedByB = [];
    private readonly List<DataChannelEvent> _eventsOfA = [], _eventsOfB = [];
    private DataChannelSet _a, _b;

    public DataChannelSetTests()
    {
        _a = new DataChannelSet(_link.A, isDtlsClient: true);
        _b = new DataChannelSet(_link.B, isDtlsClient: false);
        _link.OnStep = () =>
        {
            Drain(_a, _receivedByA, _eventsOfA);
            Drain(_b, _receivedByB, _eventsOfB);
        };
    }

    [Fact]
    public void Open_ByTheDtlsClient_HasAnEvenIdAndTheLabelArrives()
    {
        DataChannel channel = Open(_a, "oai-events");
        Assert.Equal(0, channel.Id);
        DataChannel opened = Assert.Single(_eventsOfB, e => e.Kind == DataChannelEventKind.ChannelOpened).Channel!;
        Assert.Equal("oai-events", opened.Label);
        Assert.Equal(1, Open(_b, "back").Id);
        Assert.Equal(2, Open(_a, "second").Id);
    }

    [Fact]
    public void Open_WithAnIdOfTheOtherParity_IsAccepted()
    {
        // aiortc and werift choose by ICE role, and libpeer always takes 0.
        _a = new DataChannelSet(_link.A, isDtlsClient: false);
        Assert.Equal(1, Open(_a, "oai-events").Id);
        Assert.Equal("oai-events", Assert.Single(_eventsOfB, e => e.Kind == DataChannelEventKind.ChannelOpened).Channel!.Label);
        Assert.Equal(0, _b.RefusedOpenings);
        // Our own next id is the next one that is free.
        Assert.Equal(3, Open(_b, "back").Id);
    }

    [Fact]
    public void Message_WithoutAnOpening_ComesFromAChannelThatThePeerNegotiatedElsewhere()
    {
        _link.A.Connect(_link.Now);
        _link.Run(500);
        _link.A.Send(4, PayloadProtocolId.Text, "hello"u8, unordered: false, null, _link.Now);
        _link.Run(200);
        Assert.Equal(["text:hello"], _receivedByB);
        DataChannel channel = Assert.Single(_b.Channels);
        Assert.Equal((4, ""), (channel.Id, channel.Label));
        Assert.Equal(SctpSendResult.Queued, _b.Send(channel, "answer"u8, true, _link.Now));
    }

    [Fact]
    public void Send_TextBinaryAndEmpty_ArriveAsSuch()
    {
        DataChannel channel = Open(_a, "x");
        _a.Send(channel, "hello"u8, true, _link.Now);
        _a.Send(channel, [1, 2], false, _link.Now);
        _a.Send(channel, [], true, _link.Now);
        _a.Send(channel, [], false, _link.Now);
        _link.Run(200);
        Assert.Equal(["text:hello", "binary:2", "text:", "binary:0"], _receivedByB);
    }

    [Fact]
    public void Send_RightAfterOpen_ArrivesBehindTheOpening()
    {
        _link.A.Connect(_link.Now);
        DataChannel channel = _a.Open("x", new DataChannelReliability(false), _link.Now)!;
        for (int i = 0; i < 5; i++) _a.Send(channel, Encoding.UTF8.GetBytes($"{i}"), true, _link.Now);
        _link.Run(500);
        Assert.Equal(["text:0", "text:1", "text:2", "text:3", "text:4"], _receivedByB);
    }

    [Fact]
    public void Close_ByOneSide_BothAreToldAndTheIdIsFree()
    {
        DataChannel channel = Open(_a, "x");
        _a.Send(channel, "last"u8, true, _link.Now);
        _a.Close(channel, _link.Now);
        Assert.Equal(SctpSendResult.Closed, _a.Send(channel, "no"u8, true, _link.Now));
        _link.Run(1000);
        Assert.Equal(["text:last"], _receivedByB);
        Assert.Contains(_eventsOfB, e => e.Kind == DataChannelEventKind.ChannelClosing);
        Assert.Contains(_eventsOfB, e => e.Kind == DataChannelEventKind.ChannelClosed);
        Assert.Contains(_eventsOfA, e => e.Kind == DataChannelEventKind.ChannelClosed);
        Assert.Empty(_a.Channels);
        Assert.Empty(_b.Channels);
        DataChannel again = Open(_a, "again");
        Assert.Equal(0, again.Id);
        _a.Send(again, "works"u8, true, _link.Now);
        _link.Run(200);
        Assert.Equal("text:works", _receivedByB[^1]);
    }

    [Fact]
    public void Open_MoreThanSixteen_IsRefusedOnBothSides()
    {
        for (int i = 0; i < DataChannelSet.MaximumChannels; i++) Assert.NotNull(_a.Open($"c{i}", DataChannelReliability.Full, _link.Now));
        Assert.Null(_a.Open("one too many", DataChannelReliability.Full, _link.Now));
        _link.Connect();
        _link.Run(500);
        Assert.Equal(DataChannelSet.MaximumChannels, _b.Channels.Count);
        Span<byte> open = stackalloc byte[DataChannelOpen.MaximumBytes];
        int length = new DataChannelOpen(DataChannelReliability.Full, 0, "raw", "").Write(open);
        _link.A.Send(60, PayloadProtocolId.Dcep, open[..length], false, null, _link.Now);
        _link.Run(500);
        Assert.Equal(1, _b.RefusedOpenings);
        Assert.Equal(DataChannelSet.MaximumChannels, _b.Channels.Count);
    }

    [Fact]
    public void Open_WithAnIdInUse_IsRefusedAndTheChannelStays()
    {
        DataChannel channel = Open(_a, "x");
        Span<byte> open = stackalloc byte[DataChannelOpen.MaximumBytes];
        int length = new DataChannelOpen(DataChannelReliability.Full, 0, "raw", "").Write(open);
        _link.A.Send(channel.Id, PayloadProtocolId.Dcep, open[..length], false, null, _link.Now);
        _link.Run(500);
        Assert.Equal(1, _b.RefusedOpenings);
        Assert.Equal("x", Assert.Single(_b.Channels).Label);
    }

    [Fact]
    public void Open_LabelTooLong_ThrowsHereAndIsRefusedThere()
    {
        Assert.Throws<ArgumentException>(() => _a.Open(new string('x', 257), DataChannelReliability.Full, _link.Now));
        byte[] message = new byte[12 + 300];
        message[0] = DataChannelOpen.MessageType;
        message[8] = 300 >> 8;
        message[9] = 300 & 0xFF;
        Assert.False(DataChannelOpen.TryParse(message, out _));
    }

    [Fact]
    public void Send_MoreThanTheAssociationHolds_WaitsHereAndThenBlocks()
    {
        DataChannel channel = Open(_a, "x");
        _link.OnStep = null;
        byte[] message = new byte[100_000];
        int accepted = 0;
        while (_a.Send(channel, message, false, _link.Now) == SctpSendResult.Queued) accepted++;
        Assert.Equal(5 + 10, accepted);
        Assert.True(_a.PendingBytes is > 900_000 and <= PendingMessages.MaximumBytes);
        _link.OnStep = () =>
        {
            Drain(_a, _receivedByA, _eventsOfA);
            Drain(_b, _receivedByB, _eventsOfB);
        };
        Assert.True(_link.RunUntil(() => _receivedByB.Count == accepted, 60_000));
        Assert.Equal(0, _a.PendingBytes);
    }

    [Fact]
    public void Send_PeerTakesLess_IsTooLarge()
    {
        DataChannel channel = Open(_a, "x");
        Assert.Equal(SctpSendResult.TooLarge, _a.Send(channel, new byte[256 * 1024 + 1], false, _link.Now));
    }

    [Fact]
    public void ExportImport_InMidConversation_GoesOn()
    {
        DataChannel channel = Open(_a, "oai-events");
        for (int i = 0; i < 100; i++) _a.Send(channel, Encoding.UTF8.GetBytes($"{i:D4}{new string('x', 20_000)}"), true, _link.Now);
        Assert.True(_a.PendingBytes > 0);
        _link.Run(60);
        var options = new SctpOptions { RandomSeed = 3, MaximumSendMessageBytes = 256 * 1024 };
        _link.A = SctpAssociation.Import(_link.A.ExportState(_link.Now), options, _link.Now);
        _a = DataChannelSet.Import(_a.ExportState(), _link.A);
        _link.B = SctpAssociation.Import(_link.B.ExportState(_link.Now), options, _link.Now);
        _b = DataChannelSet.Import(_b.ExportState(), _link.B);
        int accepted = 512 * 1024 / 20_004 + PendingMessages.MaximumBytes / 20_004;
        Assert.True(_link.RunUntil(() => _receivedByB.Count == accepted, 60_000));
        Assert.Equal(Enumerable.Range(0, accepted).Select(i => $"text:{i:D4}"), _receivedByB.Select(t => t[..9]));
        Assert.Equal("oai-events", _b.Channels[0].Label);
    }

    [Fact]
    public void AssociationEnds_ChannelsEndWithIt()
    {
        DataChannel channel = Open(_a, "x");
        _link.B.Abort();
        _link.Run(100);
        Assert.Equal(DataChannelPhase.Closed, channel.Phase);
        Assert.Equal(SctpCloseReason.AbortedByPeer, _eventsOfA[^1].Reason);
        Assert.Equal(DataChannelEventKind.AssociationClosed, _eventsOfA[^1].Kind);
    }

    [Fact]
    public void DataChannelOpen_AnyValue_RoundTrips()
    {
        Prop.ForAll(ArbMap.Default.ArbFor<bool>(), ArbMap.Default.ArbFor<ushort?>(), ArbMap.Default.ArbFor<ushort>(),
            (isOrdered, retransmits, priority) =>
        {
            var open = new DataChannelOpen(new DataChannelReliability(isOrdered, retransmits), priority, $"Etikett-ü{priority}", "json");
            byte[] bytes = new byte[DataChannelOpen.MaximumBytes];
            int length = open.Write(bytes);
            return DataChannelOpen.TryParse(bytes.AsSpan(0, length), out DataChannelOpen parsed) && parsed == open;
        }).QuickCheckThrowOnFailure();
        var timed = new DataChannelOpen(new DataChannelReliability(false, null, TimeSpan.FromMilliseconds(1500)), 256, "", "");
        byte[] buffer = new byte[DataChannelOpen.MaximumBytes];
        Assert.True(DataChannelOpen.TryParse(buffer.AsSpan(0, timed.Write(buffer)), out DataChannelOpen again));
        Assert.Equal(timed, again);
    }

    [Fact]
    public void DataChannelOpen_AnyBytes_NeverThrow()
        => Prop.ForAll(ArbMap.Default.ArbFor<byte[]>(), bytes =>
        {
            DataChannelOpen.TryParse(bytes, out _);
            byte[] asOpen = [3, .. bytes];
            DataChannelOpen.TryParse(asOpen, out _);
        }).QuickCheckThrowOnFailure();

    private DataChannel Open(DataChannelSet set, string label)
    {
        _link.A.Connect(_link.Now);
        DataChannel channel = set.Open(label, DataChannelReliability.Full, _link.Now)!;
        Assert.True(_link.RunUntil(() => channel.Phase == DataChannelPhase.Open, 2_000));
        _link.Run(100);
        return channel;
    }

    private void Drain(DataChannelSet set, List<string> messages, List<DataChannelEvent> events)
    {
        while (set.TryTakeEvent(out DataChannelEvent occurred, _link.Now)) events.Add(occurred);
        while (set.TryReceive(out DataChannelMessage message, _link.Now))
            messages.Add(message.IsText ? $"text:{Encoding.UTF8.GetString(message.Payload)}" : $"binary:{message.Payload.Length}");
    }
}
