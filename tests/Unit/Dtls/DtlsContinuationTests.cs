using Dapr.Voice.Dtls;
using Xunit;

namespace Dapr.Voice.Tests.Unit.Dtls;

/// <summary>A connection that OpenSSL made and our record layer continues.</summary>
public sealed class DtlsContinuationTests
{
    public static TheoryData<string, DtlsRole> Cases
    {
        get
        {
            var cases = new TheoryData<string, DtlsRole>();
            foreach (string suite in new[] { "ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-ECDSA-AES256-GCM-SHA384",
                "ECDHE-ECDSA-CHACHA20-POLY1305" })
            {
                cases.Add(suite, DtlsRole.Server);
                cases.Add(suite, DtlsRole.Client);
            }
            return cases;
        }
    }

    [Theory, MemberData(nameof(Cases))]
    public void Import_InMidConversation_GoesOnInBothDirectionsAndCloses(string suite, DtlsRole moved)
    {
        using var pair = DtlsPair.Connected(ciphers: suite);
        Talk(pair, 0);
        byte[] replay = Move(pair, moved);
        Talk(pair, 100);

        DtlsTransport mover = moved == DtlsRole.Server ? pair.Server : pair.Client;
        DtlsTransport other = moved == DtlsRole.Server ? pair.Client : pair.Server;
        mover.Receive(replay);
        Assert.Empty(DtlsPair.Received(mover));
        Assert.Equal(1, mover.Dropped(DtlsDropReason.Replayed));

        // Once more: what was imported can be exported.
        Move(pair, moved);
        Talk(pair, 200);

        mover = moved == DtlsRole.Server ? pair.Server : pair.Client;
        mover.CloseNotify();
        pair.Exchange();
        Assert.Equal([new DtlsEvent(DtlsEventKind.Closed)], DtlsPair.Events(other));
        Assert.Empty(DtlsPair.Events(mover));
    }

    [Theory]
    [InlineData(DtlsRole.Server)]
    [InlineData(DtlsRole.Client)]
    public void CloseNotify_ByThePeerAfterImport_IsAnswered(DtlsRole moved)
    {
        using var pair = DtlsPair.Connected();
        Move(pair, moved);
        DtlsTransport mover = moved == DtlsRole.Server ? pair.Server : pair.Client;
        DtlsTransport other = moved == DtlsRole.Server ? pair.Client : pair.Server;
        other.CloseNotify();
        foreach (byte[] datagram in DtlsPair.Drain(other)) mover.Receive(datagram);
        Assert.Equal([new DtlsEvent(DtlsEventKind.Closed)], DtlsPair.Events(mover));
        Assert.Single(DtlsPair.Drain(mover));
        Assert.False(mover.Send([1]));
    }

    [Fact]
    public void Import_BothEnds_TalkThroughOurRecordLayerAlone()
    {
        using var pair = DtlsPair.Connected();
        Move(pair, DtlsRole.Server);
        Move(pair, DtlsRole.Client);
        for (int i = 0; i < 200; i++) Talk(pair, i);
        pair.Client.CloseNotify();
        pair.Exchange();
        Assert.Equal([new DtlsEvent(DtlsEventKind.Closed)], DtlsPair.Events(pair.Server));
    }

    [Fact]
    public void Import_WithASequenceLead_StartsBeyondIt()
    {
        using var pair = DtlsPair.Connected();
        Talk(pair, 0);
        DtlsTransportState state = pair.Server.ExportState();
        // The old owner goes on for a while after its last checkpoint.
        for (int i = 0; i < 50; i++) { pair.Server.Send([1]); pair.Exchange(); }
        DtlsPair.Received(pair.Client);
        pair.Server.Dispose();
        pair.Server = DtlsTransport.Import(state, sequenceLead: 1000);
        Assert.Equal(state.NextWriteSequenceNumber + 1000, pair.Server.ExportState().NextWriteSequenceNumber);
        Talk(pair, 7);
    }

    [Fact]
    public void Import_ClientMissedTheServersFinished_GetsItAgain()
    {
        using var pair = new DtlsPair();
        pair.Client.Start();
        pair.Server.Receive(DtlsPair.Drain(pair.Client)[0]);
        foreach (byte[] datagram in DtlsPair.Drain(pair.Server)) pair.Client.Receive(datagram);
        List<byte[]> clientFlight = DtlsPair.Drain(pair.Client);
        foreach (byte[] datagram in clientFlight) pair.Server.Receive(datagram);
        Assert.NotEmpty(DtlsPair.Drain(pair.Server));
        Assert.True(pair.Server.IsConnected && !pair.Client.IsConnected);
        DtlsTransportState state = pair.Server.ExportState();
        Assert.NotEmpty(state.FinalFlight);
        pair.Server.Dispose();
        pair.Server = DtlsTransport.Import(state);
        foreach (byte[] datagram in clientFlight) pair.Server.Receive(datagram);
        pair.Exchange();
        Assert.True(pair.Client.IsConnected);
        Talk(pair, 1);
        Assert.Empty(pair.Server.ExportState().FinalFlight);
    }

    [Fact]
    public void Receive_AnyBytesAfterImport_NeverThrowAndChangeNothing()
    {
        using var pair = DtlsPair.Connected();
        Move(pair, DtlsRole.Server);
        DtlsTransportState before = pair.Server.ExportState();
        var random = new Random(8);
        pair.Client.Send([1, 2, 3]);
        byte[] genuine = DtlsPair.Drain(pair.Client)[0];
        for (int i = 0; i < 5000; i++)
        {
            byte[] bytes = [.. genuine];
            if (i % 2 == 0) bytes[random.Next(bytes.Length)] ^= (byte)(1 << random.Next(8));
            else random.NextBytes(bytes);
            if (bytes.AsSpan().SequenceEqual(genuine)) continue;
            pair.Server.Receive(bytes);
        }
        Assert.Equal(before.HighestReadSequenceNumber, pair.Server.ExportState().HighestReadSequenceNumber);
        pair.Server.Receive(genuine);
        Assert.Equal(["010203"], DtlsPair.Received(pair.Server));
    }

    [Fact]
    public void Receive_DamagedRecordAfterImport_IsCountedUnderItsReason()
    {
        using var pair = DtlsPair.Connected();
        Move(pair, DtlsRole.Server);
        pair.Client.Send([1, 2, 3]);
        byte[] genuine = DtlsPair.Drain(pair.Client)[0];
        byte[] forged = [.. genuine], otherEpoch = [.. genuine];
        forged[^1] ^= 1;
        otherEpoch[4] ^= 2;
        pair.Server.Receive(forged);
        pair.Server.Receive(otherEpoch);
        pair.Server.Receive(genuine[..^1]);
        Assert.Equal(1, pair.Server.Dropped(DtlsDropReason.NotAuthentic));
        Assert.Equal(1, pair.Server.Dropped(DtlsDropReason.WrongEpoch));
        Assert.Equal(1, pair.Server.Dropped(DtlsDropReason.Malformed));
        Assert.Empty(DtlsPair.Received(pair.Server));
    }

    [Fact]
    public void ToString_State_ShowsNoSecret()
    {
        using var pair = DtlsPair.Connected();
        Assert.Equal("DtlsTransportState { Role = Server, CipherSuite = C02B }", pair.Server.ExportState().ToString());
    }

    /// <summary>One message each way, exactly once.</summary>
    private static void Talk(DtlsPair pair, int number)
    {
        Assert.True(pair.Client.Send([1, (byte)number]));
        Assert.True(pair.Server.Send([2, (byte)number]));
        pair.Exchange();
        Assert.Equal([$"01{(byte)number:X2}"], DtlsPair.Received(pair.Server));
        Assert.Equal([$"02{(byte)number:X2}"], DtlsPair.Received(pair.Client));
    }

    /// <summary>Replaces one end by what its state makes elsewhere.</summary>
    /// <returns>A datagram which that end had received before.</returns>
    private static byte[] Move(DtlsPair pair, DtlsRole role)
    {
        DtlsTransport mover = role == DtlsRole.Server ? pair.Server : pair.Client;
        DtlsTransport other = role == DtlsRole.Server ? pair.Client : pair.Server;
        other.Send([0xAB]);
        byte[] seen = DtlsPair.Drain(other)[0];
        mover.Receive(seen);
        Assert.Equal(["AB"], DtlsPair.Received(mover));
        var imported = DtlsTransport.Import(mover.ExportState());
        mover.Dispose();
        Assert.True(imported.IsConnected);
        if (role == DtlsRole.Server) pair.Server = imported;
        else pair.Client = imported;
        return seen;
    }
}
