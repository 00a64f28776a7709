using System.Globalization;
using System.Text;
using Dapr.Voice.TestKit;
using Dapr.Voice.WebRtc;
using Dapr.Voice.Wire;
using Xunit;

namespace Dapr.Voice.Tests.Unit.WebRtc;

/// <summary>
/// A conversation whose owner is killed and continued from what is in the store: numbered audio and messages both ways, and a store that
/// answers late.
/// </summary>
internal sealed class Takeover : IDisposable
{
    private readonly Random _random;
    private readonly List<PeerSession> _dead = [];
    private byte[]? _stored;
    private (byte[] Bytes, PeerLease Lease, Instant ReachesStoreAt, Instant AnsweredAt)? _write;
    private Instant _nextFrameAt, _nextMessageAt;
    private int _owners = 1;

    public Takeover(int seed, double loss = 0)
    {
        _random = new Random(seed);
        Network = new SimulatedNetwork(seed) { StepMilliseconds = 5, ServerSent = null };
        Network.ServerSent = Ledger.Owner("owner 1", 100);
        Network.Connect();
        Network.Loss = loss;
        if (loss > 0) Network.JitterMilliseconds = 15;
        _nextFrameAt = _nextMessageAt = Network.Now;
    }

    public SimulatedNetwork Network { get; }
    public NumberLedger Ledger { get; } = new();

    /// <summary>How long a write takes at most until it is in the store, and again until its answer is here.</summary>
    public int StoreMilliseconds { get; set; } = 20;
    public bool SpeaksUp { get; set; } = true;
    public bool SpeaksDown { get; set; } = true;
    public bool Writes { get; set; } = true;
    public int Checkpoints { get; private set; }
    public int FramesUp { get; private set; }
    public int FramesDown { get; private set; }

    public List<(string Text, Instant At, int Owner)> SentUp { get; } = [];
    public List<(string Text, Instant At, int Owner)> SentDown { get; } = [];

    /// <summary>What each owner has read, as the number of messages that all owners before it had read.</summary>
    public List<int> ReadBefore { get; } = [0];

    public byte[] Stored => _stored ?? throw new InvalidOperationException("There is no checkpoint yet.");

    public void Run(int milliseconds)
    {
        Instant end = Network.Now + TimeSpan.FromMilliseconds(milliseconds);
        while (Network.Now < end) Step();
    }

    public bool RunUntil(Func<bool> condition, int limitMilliseconds)
    {
        Instant end = Network.Now + TimeSpan.FromMilliseconds(limitMilliseconds);
        while (Network.Now < end && !condition()) Step();
        return condition();
    }

    private void Step()
    {
        if (_nextFrameAt <= Network.Now)
        {
            byte[] payload = new byte[60];
            if (SpeaksUp)
            {
                BitConverter.TryWriteBytes(payload, FramesUp++);
                Network.Caller.SendAudio(payload, 960, false, Network.Now);
            }
            if (SpeaksDown && !Network.IsServerDead)
            {
                BitConverter.TryWriteBytes(payload, FramesDown++);
                Network.Server.SendAudio(payload, 960, false, Network.Now);
            }
            _nextFrameAt += TimeSpan.FromMilliseconds(20);
        }
        if (_nextMessageAt <= Network.Now)
        {
            if (SpeaksUp) SendUp();
            if (SpeaksDown && !Network.IsServerDead) SendDown();
            _nextMessageAt += TimeSpan.FromMilliseconds(100);
        }
        Network.Run(Network.StepMilliseconds);
        if (!Network.IsServerDead) Store();
    }

    public void SendUp()
    {
        string text = $"up {SentUp.Count}";
        Assert.True(Network.Caller.SendText(Encoding.UTF8.GetBytes(text), Network.Now));
        SentUp.Add((text, Network.Now, _owners));
    }

    public void SendDown()
    {
        string text = $"down {SentDown.Count}";
        Assert.True(Network.Server.SendText(Encoding.UTF8.GetBytes(text), Network.Now));
        SentDown.Add((text, Network.Now, _owners));
    }

    private void Store()
    {
        if (_write is { } write)
        {
            if (write.ReachesStoreAt <= Network.Now) _stored = write.Bytes;
            if (write.AnsweredAt > Network.Now) return;
            Network.Server.CommitCheckpoint(write.Lease);
            Checkpoints++;
            _write = null;
        }
        if (!Writes || !Network.Server.IsCheckpointDue) return;
        PeerSessionState state = Network.Server.ExportCheckpoint(Network.Now);
        Instant reaches = Network.Now + TimeSpan.FromMilliseconds(_random.Next(StoreMilliseconds + 1));
        _write = (state.ToBytes(), state.Lease!, reaches, reaches + TimeSpan.FromMilliseconds(_random.Next(StoreMilliseconds + 1)));
    }

    /// <summary>The owner's process is gone, or stands still and wakes up again when <paramref name="isZombie"/>.</summary>
    public void Kill(bool isZombie = false)
    {
        Network.IsServerDead = true;
        // A write that is under way may still reach the store.
        if (_write is { } write && (write.ReachesStoreAt <= Network.Now || _random.Next(2) == 0)) _stored = write.Bytes;
        _write = null;
        if (isZombie) SendUntilItsBound(Network.Server, Network.ServerSent!);
        _dead.Add(Network.Server);
    }

    /// <summary>A zombie sends what it may. Its relay drops all of it, but an observer sees it.</summary>
    private void SendUntilItsBound(PeerSession zombie, Action<byte[]> sent)
    {
        byte[] buffer = new byte[PeerSession.MaximumDatagramBytes];
        Instant now = Network.Now;
        for (int i = 0; i < 17_000 && zombie.Dropped(PeerDrop.IndexLeaseEnded) == 0; i++)
        {
            now += TimeSpan.FromMilliseconds(20);
            zombie.SendAudio(new byte[20], 960, false, now);
            if (i % 50 == 0) zombie.SendText("nobody hears this"u8, now);
            if (i < 1000 && zombie.NextTimeout <= now) zombie.HandleTimeout(now);
            while (zombie.TryTransmit(buffer, out int length, out _, now)) sent(buffer[..length]);
        }
    }

    public void Resume(Func<PeerSessionState, PeerSessionState>? change = null)
    {
        Assert.True(PeerSessionState.TryRead(Stored, out PeerSessionState? read, out PeerStateError error), error.ToString());
        PeerSessionState state = change is null ? read! : change(read!);
        _owners++;
        ReadBefore.Add(Network.ReadByServer.Count);
        Network.Server = state.IsCheckpoint
            ? PeerSession.Resume(state, SimulatedNetwork.ServerCertificate, TimeSpan.Zero, Seeded.Random((ulong)_owners), Network.Now)
            : PeerSession.Import(state, SimulatedNetwork.ServerCertificate, TimeSpan.Zero, Seeded.Random((ulong)_owners), Network.Now);
        Network.ServerSent = Ledger.Owner(string.Create(CultureInfo.InvariantCulture, $"owner {_owners}"), read!.Lease?.RtpIndex ?? 100);
        Network.IsServerDead = false;
    }

    public static int[] Numbers(IEnumerable<string> texts)
        => [.. texts.Select(text => int.Parse(text.AsSpan(text.IndexOf(' ') + 1), CultureInfo.InvariantCulture))];

    public int[] HeardUp => [.. Network.HeardByServer.Where(h => !h.IsLost).Select(h => BitConverter.ToInt32(h.Payload))];
    public int[] HeardDown => [.. Network.HeardByCaller.Where(h => !h.IsLost).Select(h => BitConverter.ToInt32(h.Payload))];

    public void Dispose()
    {
        foreach (PeerSession dead in _dead) dead.Dispose();
        Network.Dispose();
    }
}
