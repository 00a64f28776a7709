using System.Buffers.Binary;
using System.Text.Json;
using Dapr.Voice.Sctp;
using Dapr.Voice.Wire;
using Xunit;

namespace Dapr.Voice.Tests.Unit.Sctp;

/// <summary>
/// B's process dies, and another one continues its association from a checkpoint. A knows nothing of it. Below there is no DTLS here, which
/// removes duplicates of the network, so the link makes none.
/// </summary>
public sealed class SctpContinuationTests
{
    private const ushort First = 0, Second = 2;
    private static readonly SctpOptions Options = new() { RandomSeed = 77, MaximumSendMessageBytes = 256 * 1024 };

    [Theory]
    [InlineData(0.0), InlineData(0.05), InlineData(0.15)]
    public void Continue_WithLossAndReorderingOnTwoStreams_LosesNothingUpAndKeepsTheOrder(double loss)
    {
        for (int seed = 0; seed < 60; seed++)
        {
            var random = new Random(seed);
            var link = new SctpLink(seed) { Loss = loss, JitterMilliseconds = 20 };
            link.Connect();
            var conversation = new Conversation(link);
            conversation.Talk(random.Next(1500));
            for (int kill = 0; kill < 2; kill++)
            {
                SctpAssociationState checkpoint = conversation.Checkpoint();
                conversation.Talk(random.Next(800));
                conversation.DieFor(300 + random.Next(2700));
                conversation.Continue(checkpoint);
                conversation.Talk(1000 + random.Next(6000));
            }
            conversation.IsSilent = true;
            link.Run(20_000);
            conversation.AssertComplete($"seed {seed}");
            Assert.Equal(0, link.A.DropCount(SctpDropReason.UnknownCookie));
            Assert.False(conversation.HasRestarted, $"seed {seed}");
        }
    }

    [Fact]
    public void Continue_NothingUpSinceTheCheckpoint_TakesTheNextMessageAtOnce()
    {
        (SctpLink link, Conversation conversation) = Established(1);
        conversation.Talk(500);
        link.Run(1000);
        SctpAssociationState checkpoint = conversation.Checkpoint();
        conversation.DieFor(500);
        conversation.Continue(checkpoint);
        int read = conversation.Up.Count;
        conversation.SendUp(First);
        Assert.True(link.RunUntil(() => conversation.Up.Count > read, 15));
    }

    [Fact]
    public void Continue_TheFirstTsnIsNewData_WaitsForTheRepetitionOfWhatTheSilenceSwallowed()
    {
        (SctpLink link, Conversation conversation) = Established(2);
        SctpAssociationState checkpoint = conversation.Checkpoint();
        conversation.Talk(500);
        link.Run(200);
        conversation.IsSilent = true;
        link.Filter = (_, isFromA) => !isFromA;
        for (int i = 0; i < 3; i++) conversation.SendUp(First);
        link.Run(20);
        link.Filter = null;
        conversation.Continue(checkpoint);
        int read = conversation.Up.Count;
        conversation.SendUp(First);
        link.Run(15);
        Assert.True(link.B.IsCollecting);
        Assert.Equal(read, conversation.Up.Count);
        Assert.True(link.RunUntil(() => conversation.Up.Count == read + 4, 2000));
        conversation.AssertComplete("order");
    }

    [Fact]
    public void Continue_OneUnacknowledgedMessage_IsTakenWhenThePeerRepeatsIt()
    {
        (SctpLink link, Conversation conversation) = Established(10);
        SctpAssociationState checkpoint = conversation.Checkpoint();
        conversation.SendUp(First);
        link.Run(500);
        conversation.DieFor(10);
        conversation.SendUp(First);
        link.Run(15);
        conversation.Continue(checkpoint);
        Assert.True(link.RunUntil(() => conversation.Up.Count == 2, 2000));
        conversation.AssertComplete("order");
    }

    [Fact]
    public void Continue_AChannelWhoseOpeningWasNotAnswered_IsAnsweredAgain()
    {
        var link = new SctpLink(11);
        link.Connect();
        var a = new DataChannelSet(link.A, true);
        var b = new DataChannelSet(link.B, false);
        link.OnStep = () =>
        {
            while (a.TryReceive(out _, link.Now) || a.TryTakeEvent(out _, link.Now)) { }
            while (b.TryReceive(out _, link.Now) || b.TryTakeEvent(out _, link.Now)) { }
        };
        DataChannel channel = a.Open("oai-events", DataChannelReliability.Full, link.Now)!;
        link.Filter = (_, isFromA) => isFromA;
        Assert.True(link.RunUntil(() => b.Channels.Count == 1, 1000));
        link.Run(50);
        SctpAssociationState association = link.B.ExportCheckpoint(link.B.NextTsn + SctpAssociation.TsnLead, [channel.Id])!;
        DataChannelSetState channels = b.ExportCheckpoint();
        Assert.True(channels.Channels.Single().IsAnswerUncertain);
        link.Filter = null;
        link.B = SctpAssociation.Import(association, Options, link.Now);
        b = DataChannelSet.Import(channels, link.B);
        Assert.Equal(DataChannelPhase.Opening, channel.Phase);
        Assert.True(link.RunUntil(() => channel.Phase == DataChannelPhase.Open, 1000));
        link.Run(1000);
        Assert.False(b.ExportCheckpoint().Channels.Single().IsAnswerUncertain);
    }

    [Fact]
    public void Continue_APeerWithoutForwardTsn_RestartsTheAssociation()
    {
        (SctpLink link, Conversation conversation) = Established(3);
        conversation.Talk(500);
        SctpAssociationState checkpoint = conversation.Checkpoint();
        checkpoint.PeerForwardsTsn = false;
        conversation.DieFor(300);
        conversation.Continue(checkpoint);
        conversation.SendDown(First);
        Assert.True(link.RunUntil(() => conversation.HasRestarted && link.B.IsConnected, 2000));
        int up = conversation.Up.Count, down = conversation.Down.Count;
        conversation.IsSilent = false;
        conversation.Talk(1000);
        Assert.True(conversation.Up.Count >= up + 9 && conversation.Down.Count >= down + 9);
    }

    [Fact]
    public void Continue_APeerThatRefusesForwardTsn_RestartsTheAssociation()
    {
        (SctpLink link, Conversation conversation) = Established(4);
        conversation.Talk(500);
        SctpAssociationState checkpoint = conversation.Checkpoint();
        conversation.DieFor(300);
        link.Filter = (packet, isFromA) => isFromA || !HasChunk(packet, 192);
        conversation.Continue(checkpoint);
        conversation.IsSilent = false;
        conversation.Talk(15_000);
        Assert.True(link.RunUntil(() => conversation.HasRestarted && link.B.IsConnected, 60_000));
    }

    [Fact]
    public void Continue_APeerThatNeverRepeats_RestartsTheAssociationAfterTwentySeconds()
    {
        (SctpLink link, Conversation conversation) = Established(5);
        conversation.Talk(500);
        SctpAssociationState checkpoint = conversation.Checkpoint();
        checkpoint.CumulativeTsn -= 100;
        conversation.DieFor(300);
        conversation.Continue(checkpoint);
        conversation.SendUp(First);
        int data = 0;
        link.Filter = (packet, isFromA) => !isFromA || !HasChunk(packet, 0) || ++data <= 1;
        link.Run(19_000);
        Assert.True(link.B.IsCollecting);
        Assert.False(conversation.HasRestarted);
        Assert.True(link.RunUntil(() => conversation.HasRestarted, 2000));
    }

    [Fact]
    public void Continue_InTheMiddleOfAMessage_DropsItsRestAndDeliversWhatFollows()
    {
        (SctpLink link, Conversation conversation) = Established(6);
        SctpAssociationState checkpoint = conversation.Checkpoint();
        // Four fragments. The owner takes two, acknowledges them, and dies.
        int data = 0;
        link.Filter = (packet, isFromA) => !isFromA || !HasChunk(packet, 0) || ++data <= 2;
        Assert.Equal(SctpSendResult.Queued, link.A.Send(First, 51, new byte[4000], false, null, link.Now));
        Assert.True(link.RunUntil(() => data > 2, 1000));
        link.Run(15);
        link.Filter = null;
        conversation.DieFor(100);
        conversation.Continue(checkpoint);
        conversation.SendUp(First);
        conversation.SendUp(Second);
        Assert.True(link.RunUntil(() => conversation.Up.Count == 2, 5000));
        Assert.Equal(2, link.B.DropCount(SctpDropReason.BeginningMissing));
        Assert.Equal(["0:up 0", "2:up 1"], conversation.Up.Order());
    }

    [Fact]
    public void Continue_APeerThatDoesNotSendAgainWhatAGapBlockReported_SkipsItAfterTenSeconds()
    {
        (SctpLink link, Conversation conversation) = Established(7);
        SctpAssociationState checkpoint = conversation.Checkpoint();
        conversation.DieFor(0);
        conversation.Continue(checkpoint);
        uint lost = link.A.NextTsn + 1;
        link.Filter = (packet, isFromA) => !isFromA || !Tsns(packet).Contains(lost);
        for (int i = 0; i < 4; i++)
        {
            Assert.Equal(SctpSendResult.Queued, link.A.Send(i == 3 ? Second : First, 51, Large(i), false, null, link.Now));
            link.Run(50);
        }
        link.Run(8000);
        Assert.Equal(["0:up 0"], conversation.Up);
        link.Run(4000);
        Assert.Equal(["0:up 0", "0:up 2", "2:up 3"], conversation.Up);
        conversation.SendUp(First);
        Assert.True(link.RunUntil(() => conversation.Up.Count == 4, 1000));
    }

    [Fact]
    public void ExportImport_WhileCollectingAndForwarding_GoesOn()
    {
        (SctpLink link, Conversation conversation) = Established(8);
        SctpAssociationState checkpoint = conversation.Checkpoint();
        conversation.Talk(500);
        conversation.DieFor(300);
        conversation.Continue(checkpoint);
        for (int move = 0; move < 40; move++)
        {
            conversation.Talk(20);
            SctpAssociationState state = JsonSerializer.Deserialize<SctpAssociationState>(
                JsonSerializer.Serialize(link.B.ExportState(link.Now)))!;
            link.B = SctpAssociation.Import(state, Options, link.Now);
        }
        conversation.IsSilent = true;
        link.Run(5000);
        conversation.AssertComplete("hand-overs");
    }

    [Fact]
    public void Send_BeyondTheBound_WaitsForTheNextOne()
    {
        (SctpLink link, Conversation conversation) = Established(9);
        conversation.IsSilent = true;
        link.B.SetTsnBound(link.B.LocalTag, link.B.NextTsn + 5);
        for (int i = 0; i < 8; i++) conversation.SendDown(First);
        link.Run(2000);
        Assert.Equal(5, conversation.Down.Count);
        link.B.SetTsnBound(link.B.LocalTag + 1, link.B.NextTsn + 100);
        link.Run(1000);
        Assert.Equal(5, conversation.Down.Count);
        link.B.SetTsnBound(link.B.LocalTag, link.B.NextTsn + 100);
        link.Run(1000);
        Assert.Equal(8, conversation.Down.Count);
    }

    private static byte[] Large(int number)
    {
        byte[] message = new byte[1000];
        BitConverter.TryWriteBytes(message, number);
        return message;
    }

    private static (SctpLink Link, Conversation Conversation) Established(int seed)
    {
        var link = new SctpLink(seed);
        link.Connect();
        return (link, new Conversation(link) { IsSilent = true });
    }

    private static bool HasChunk(byte[] packet, byte type)
    {
        for (int at = 12; at + 4 <= packet.Length; at += (BinaryPrimitives.ReadUInt16BigEndian(packet.AsSpan(at + 2)) + 3) & ~3)
            if (packet[at] == type) return true;
        return false;
    }

    private static IEnumerable<uint> Tsns(byte[] packet)
    {
        for (int at = 12; at + 8 <= packet.Length; at += (BinaryPrimitives.ReadUInt16BigEndian(packet.AsSpan(at + 2)) + 3) & ~3)
            if (packet[at] == 0) yield return BinaryPrimitives.ReadUInt32BigEndian(packet.AsSpan(at + 4));
    }

    /// <summary>
    /// Numbered messages each 50 ms, on two streams in turn, both ways. Each side notes what it reads as <c>stream:text</c>.
    /// </summary>
    private sealed class Conversation
    {
        private readonly SctpLink _link;
        private readonly List<int> _readBefore = [0];
        private readonly List<(int Number, Instant At, int Owner)> _sentDown = [];
        private readonly List<Instant> _deaths = [];
        private int _sentUp;
        private bool _isDead;
        private Instant _nextAt;

        public Conversation(SctpLink link)
        {
            _link = link;
            _nextAt = link.Now;
            link.OnStep = Read;
        }

        public List<string> Up { get; } = [];
        public List<string> Down { get; } = [];
        public bool IsSilent { get; set; }
        public bool HasRestarted { get; private set; }

        public void Talk(int milliseconds)
        {
            Instant end = _link.Now + TimeSpan.FromMilliseconds(milliseconds);
            while (_link.Now < end)
            {
                if (!IsSilent)
                {
                    ushort stream = _sentUp % 2 == 0 ? First : Second;
                    SendUp(stream);
                    if (!_isDead) SendDown(stream);
                }
                _link.Run(50);
            }
        }

        public void SendUp(ushort stream)
            => Assert.Equal(SctpSendResult.Queued, _link.A.Send(stream, 51, BitConverter.GetBytes(_sentUp++), false, null, _link.Now));

        public void SendDown(ushort stream)
        {
            Assert.Equal(SctpSendResult.Queued,
                _link.B.Send(stream, 51, BitConverter.GetBytes(_sentDown.Count), false, null, _link.Now));
            _sentDown.Add((_sentDown.Count, _link.Now, _readBefore.Count));
        }

        public SctpAssociationState Checkpoint()
        {
            SctpAssociationState state = _link.B.ExportCheckpoint(_link.B.NextTsn + SctpAssociation.TsnLead, [First, Second])!;
            return JsonSerializer.Deserialize<SctpAssociationState>(JsonSerializer.Serialize(state))!;
        }

        public void DieFor(int milliseconds)
        {
            _isDead = true;
            _deaths.Add(_link.Now);
            _link.B = new SctpAssociation(Options);
            Func<byte[], bool, bool>? before = _link.Filter;
            Talk(milliseconds);
            _link.Filter = before;
        }

        public void Continue(SctpAssociationState checkpoint)
        {
            _isDead = false;
            _readBefore.Add(Up.Count);
            SctpOptions options = Options with { RandomSeed = Options.RandomSeed + (ulong)_readBefore.Count };
            _link.B = SctpAssociation.Import(checkpoint, options, _link.Now);
        }

        public void AssertComplete(string which)
        {
            int[] lost = [.. Enumerable.Range(0, _sentUp).Except(Up.Select(Number))];
            Assert.True(lost is [], $"{which}: lost up {string.Join(' ', lost)} of {_sentUp}, read {string.Join(' ', _readBefore)}");
            for (int owner = 0; owner < _readBefore.Count; owner++)
                AssertInOrder(Up[_readBefore[owner]..(owner + 1 < _readBefore.Count ? _readBefore[owner + 1] : Up.Count)], which);
            AssertInOrder(Down, which);
            foreach (int missing in Enumerable.Range(0, _sentDown.Count).Except(Down.Select(Number)))
            {
                (_, Instant at, int owner) = _sentDown[missing];
                Assert.True(owner <= _deaths.Count && _deaths[owner - 1] - at < TimeSpan.FromSeconds(3),
                    $"{which}: down {missing} is lost");
            }
        }

        private static void AssertInOrder(List<string> read, string which)
        {
            foreach (IGrouping<string, int> stream in read.GroupBy(text => text[..1], Number))
                Assert.True(stream.Order().Distinct().SequenceEqual(stream), $"{which}: stream {stream.Key}: {string.Join(' ', stream)}");
        }

        private static int Number(string read)
            => int.Parse(read.AsSpan(read.LastIndexOf(' ') + 1), System.Globalization.CultureInfo.InvariantCulture);

        private void Read()
        {
            while (_link.A.TryReceive(out SctpMessage message))
                Down.Add($"{message.StreamId}:down {BitConverter.ToInt32(message.Payload)}");
            while (_link.B.TryReceive(out SctpMessage message)) Up.Add($"{message.StreamId}:up {BitConverter.ToInt32(message.Payload)}");
            while (_link.A.TryTakeEvent(out SctpEvent occurred)) HasRestarted |= occurred.Kind == SctpEventKind.Restarted;
            while (_link.B.TryTakeEvent(out _)) { }
        }
    }
}
