using System.Diagnostics;
using Dapr.Voice.Dtls;
using Xunit;

namespace Dapr.Voice.Tests.Unit.Dtls;

/// <summary>
/// Handshakes over networks that lose, repeat and reorder. OpenSSL keeps its own clock, so the waits here are real and short.
/// </summary>
public sealed class DtlsNetworkTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    [Theory]
    [InlineData(1), InlineData(2), InlineData(3), InlineData(4), InlineData(5), InlineData(6), InlineData(7), InlineData(8)]
    public void Handshake_LossyReorderingDuplicatingNetwork_ConnectsAndTalks(int seed)
    {
        var random = new Random(seed);
        using var pair = new DtlsPair();
        pair.Server.Start();
        pair.Client.Start();
        RunUntil(pair, random, lossPercent: 25, () => pair.Client.IsConnected && pair.Server.IsConnected);
        pair.Client.Send([9]);
        pair.Exchange();
        Assert.Equal(["09"], DtlsPair.Received(pair.Server));
        Assert.Equal([DtlsEventKind.Connected], DtlsPair.Events(pair.Client).Select(e => e.Kind));
        Assert.Equal([DtlsEventKind.Connected], DtlsPair.Events(pair.Server).Select(e => e.Kind));
    }

    [Theory]
    [InlineData(0), InlineData(1), InlineData(2), InlineData(3)]
    public void Handshake_OneFlightLost_IsRepairedByTheFirstRetransmission(int lostFlight)
    {
        using var pair = new DtlsPair();
        pair.Server.Start();
        pair.Client.Start();
        int flight = 0;
        var watch = Stopwatch.StartNew();
        while (!(pair.Client.IsConnected && pair.Server.IsConnected) && watch.Elapsed < Patience)
        {
            List<byte[]> up = DtlsPair.Drain(pair.Client);
            if (up.Count > 0 && flight++ != lostFlight) foreach (byte[] datagram in up) pair.Server.Receive(datagram);
            List<byte[]> down = DtlsPair.Drain(pair.Server);
            if (down.Count > 0 && flight++ != lostFlight) foreach (byte[] datagram in down) pair.Client.Receive(datagram);
            if (up.Count == 0 && down.Count == 0) WaitForTimer(pair);
        }
        Assert.True(pair.Client.IsConnected && pair.Server.IsConnected);
    }

    [Theory]
    [InlineData(false), InlineData(true)]
    public void Handshake_ClientHelloInTwoFragments_ConnectsInEitherOrder(bool isSwapped)
    {
        using var pair = new DtlsPair();
        pair.Client.Start();
        List<byte[]> fragments = Fragment(Assert.Single(DtlsPair.Drain(pair.Client)), 100);
        if (isSwapped) fragments.Reverse();
        foreach (byte[] fragment in fragments) pair.Server.Receive(fragment);
        pair.Exchange();
        Assert.True(pair.Client.IsConnected && pair.Server.IsConnected);
    }

    [Fact]
    public void Handshake_NobodyAnswers_TheTimerDoublesAndNothingPilesUp()
    {
        using var pair = new DtlsPair();
        pair.Client.Start();
        double previous = 0;
        for (int i = 0; i < 3; i++)
        {
            DtlsPair.Drain(pair.Client);
            double next = pair.Client.NextTimeout!.Value.TotalMilliseconds;
            Assert.True(next > previous, $"{next} after {previous}");
            previous = next;
            while (DtlsPair.Drain(pair.Client).Count == 0) WaitForTimer(pair);
        }
    }

    private static void RunUntil(DtlsPair pair, Random random, int lossPercent, Func<bool> isDone)
    {
        var watch = Stopwatch.StartNew();
        var inFlight = new List<(bool IsToServer, byte[] Datagram)>();
        while (!isDone())
        {
            Assert.True(watch.Elapsed < Patience, "not connected in time");
            foreach (byte[] datagram in DtlsPair.Drain(pair.Client)) Post(true, datagram);
            foreach (byte[] datagram in DtlsPair.Drain(pair.Server)) Post(false, datagram);
            if (inFlight.Count == 0) { WaitForTimer(pair); continue; }
            int pick = random.Next(inFlight.Count);
            (bool isToServer, byte[]? picked) = inFlight[pick];
            inFlight.RemoveAt(pick);
            if (isToServer) pair.Server.Receive(picked);
            else pair.Client.Receive(picked);
        }

        void Post(bool isToServer, byte[] datagram)
        {
            if (random.Next(100) < lossPercent) return;
            inFlight.Add((isToServer, datagram));
            if (random.Next(10) == 0) inFlight.Add((isToServer, datagram));
        }
    }

    private static void WaitForTimer(DtlsPair pair)
    {
        TimeSpan left = new[] { pair.Client.NextTimeout, pair.Server.NextTimeout }.Min() ?? TimeSpan.FromMilliseconds(5);
        Thread.Sleep(left + TimeSpan.FromMilliseconds(1));
        pair.Client.HandleTimeout();
        pair.Server.HandleTimeout();
    }

    /// <summary>Cuts a datagram of one handshake record into two of one fragment each (RFC 6347, section 4.2.3).</summary>
    private static List<byte[]> Fragment(byte[] hello, int at)
    {
        byte[] body = hello[25..];
        // The second takes a number that the client will not come to.
        return [Piece(0, body[..at], 0), Piece(at, body[at..], 40)];

        byte[] Piece(int offset, byte[] part, byte recordNumber)
        {
            byte[] header = hello[..25];
            header[10] = recordNumber;
            header[11] = (byte)((part.Length + 12) >> 8);
            header[12] = (byte)(part.Length + 12);
            (header[19], header[20], header[21]) = (0, (byte)(offset >> 8), (byte)offset);
            (header[22], header[23], header[24]) = (0, (byte)(part.Length >> 8), (byte)part.Length);
            return [.. header, .. part];
        }
    }
}
