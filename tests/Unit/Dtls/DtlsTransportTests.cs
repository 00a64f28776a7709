using System.Diagnostics;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Dapr.Voice.Dtls;
using Dapr.Voice.Srtp;
using Xunit;

namespace Dapr.Voice.Tests.Unit.Dtls;

public sealed class DtlsTransportTests
{
    private static readonly DtlsCertificate ClientCertificate = DtlsCertificate.Generate();
    private static readonly DtlsCertificate ServerCertificate = DtlsCertificate.Generate();

    private static (DtlsTransport Client, DtlsTransport Server) Pair(IReadOnlyList<CertificateFingerprint>? serverExpects = null)
        => (new DtlsTransport(DtlsRole.Client, ClientCertificate, [ServerCertificate.Fingerprint]),
            new DtlsTransport(DtlsRole.Server, ServerCertificate, serverExpects ?? [ClientCertificate.Fingerprint]));

    /// <summary>Carries datagrams both ways until nothing moves; <paramref name="loses"/> decides over each.</summary>
    private static void Exchange(DtlsTransport a, DtlsTransport b, Func<bool>? loses = null)
    {
        byte[] buffer = new byte[1500];
        for (bool moved = true; moved;)
        {
            moved = false;
            foreach ((DtlsTransport? from, DtlsTransport? to) in new[] { (a, b), (b, a) })
            {
                while (from.TryTransmit(buffer, out int length))
                {
                    Assert.InRange(length, 1, 1200);
                    moved = true;
                    if (loses?.Invoke() != true) to.Receive(buffer.AsSpan(0, length));
                }
            }
        }
    }

    private static void Connect(DtlsTransport client, DtlsTransport server)
    {
        client.Start();
        server.Start();
        Exchange(client, server);
        Assert.Equal(DtlsEventKind.Connected, TakeEvent(client));
        Assert.Equal(DtlsEventKind.Connected, TakeEvent(server));
    }

    private static DtlsEventKind TakeEvent(DtlsTransport transport)
    {
        Assert.True(transport.TryTakeEvent(out DtlsEvent occurred));
        return occurred.Kind;
    }

    private static void AssertArrives(DtlsTransport from, DtlsTransport to, byte mark)
    {
        byte[] data = [mark, .. new byte[200]];
        Assert.True(from.Send(data));
        Exchange(from, to);
        byte[] buffer = new byte[2048];
        Assert.True(to.TryReceive(buffer, out int length));
        Assert.Equal(data, buffer.AsSpan(0, length).ToArray());
    }

    [Theory]
    [InlineData("sha-384")]
    [InlineData("sha-512")]
    public void Handshake_FingerprintOfALongerHashAlone_IsChecked(string algorithm)
    {
        byte[] certificate = X509Certificate2.CreateFromPem(ClientCertificate.ToPem()).RawData;
        byte[] hash = algorithm == "sha-384" ? SHA384.HashData(certificate) : SHA512.HashData(certificate);
        Assert.True(CertificateFingerprint.TryParse($"{algorithm} {Hex(hash)}", out CertificateFingerprint? right));
        (DtlsTransport client, DtlsTransport server) = Pair([right!]);
        using (client)
        using (server) Connect(client, server);

        hash[0] ^= 1;
        Assert.True(CertificateFingerprint.TryParse($"{algorithm} {Hex(hash)}", out CertificateFingerprint? wrong));
        (client, server) = Pair([wrong!]);
        using (client)
        using (server)
        {
            client.Start();
            server.Start();
            Exchange(client, server);
            Assert.Equal(DtlsEventKind.FingerprintMismatch, TakeEvent(server));
        }

        static string Hex(byte[] bytes) => BitConverter.ToString(bytes).Replace('-', ':');
    }

    [Fact]
    public void Handshake_BothRolesOfOurs_AgreeOnGcmAndMirrorTheirKeys()
    {
        (DtlsTransport? client, DtlsTransport? server) = Pair();
        using (client)
        using (server)
        {
            Connect(client, server);
            Assert.Equal(SrtpProtectionProfile.AeadAes128Gcm, client.LocalKeys!.Profile);
            Assert.Equal(client.LocalKeys.Key, server.RemoteKeys!.Key);
            Assert.Equal(client.LocalKeys.Salt, server.RemoteKeys.Salt);
            Assert.Equal(server.LocalKeys!.Key, client.RemoteKeys!.Key);
            Assert.NotEqual(client.LocalKeys.Key, client.RemoteKeys.Key);
            AssertArrives(client, server, 1);
            AssertArrives(server, client, 2);
        }
    }

    [Fact]
    public void Handshake_WithAnotherCertificateThanPromised_GivesNoKeys()
    {
        (DtlsTransport? client, DtlsTransport? server) = Pair(serverExpects: [ServerCertificate.Fingerprint]);
        using (client)
        using (server)
        {
            client.Start();
            Exchange(client, server);
            Assert.Equal(DtlsEventKind.FingerprintMismatch, TakeEvent(server));
            Assert.False(server.IsConnected);
            Assert.Null(server.LocalKeys);
            Assert.False(server.Send([1]));
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    public void Handshake_WithAThirdOfTheDatagramsLost_StillConnects(int seed)
    {
        var random = new Random(seed);
        (DtlsTransport? client, DtlsTransport? server) = Pair();
        using (client)
        using (server)
        {
            client.Start();
            var watch = Stopwatch.StartNew();
            // OpenSSL keeps its own clock, so this one waits for real: bounded, and only as long as its timers ask for.
            while (!(client.IsConnected && server.IsConnected) && watch.Elapsed < TimeSpan.FromSeconds(30))
            {
                Exchange(client, server, () => random.Next(3) == 0);
                TimeSpan? wait = new[] { client.NextTimeout, server.NextTimeout }.Where(t => t is not null).Min();
                if (wait is { } pause) Thread.Sleep(pause + TimeSpan.FromMilliseconds(1));
                client.HandleTimeout();
                server.HandleTimeout();
            }
            Assert.True(client.IsConnected && server.IsConnected);
        }
    }

    /// <summary>A client that computes for 300 ms over TCP must not get the server's flight twice: some do not bear it.</summary>
    [Theory]
    [InlineData(false, 0, 50)]
    [InlineData(true, 900, 1000)]
    public void NextTimeout_OfAServersFlight_IsLongerOnAReliablePath(bool isReliable, int least, int most)
    {
        (DtlsTransport? client, DtlsTransport? server) = Pair();
        using (client)
        using (server)
        {
            server.Start();
            server.IsReliable = isReliable;
            client.Start();
            byte[] buffer = new byte[1500];
            while (client.TryTransmit(buffer, out int length)) server.Receive(buffer.AsSpan(0, length));
            Assert.InRange(server.NextTimeout!.Value.TotalMilliseconds, least, most);
        }
    }

    [Fact]
    public void NextTimeout_AfterTheClientHello_IsFiftyMilliseconds()
    {
        (DtlsTransport? client, DtlsTransport? server) = Pair();
        using (client)
        using (server)
        {
            Assert.Null(client.NextTimeout);
            client.Start();
            Assert.InRange(client.NextTimeout!.Value.TotalMilliseconds, 0, 50);
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void CloseNotify_FromEitherSide_ClosesTheOther(bool fromClient)
    {
        (DtlsTransport? client, DtlsTransport? server) = Pair();
        using (client)
        using (server)
        {
            Connect(client, server);
            (DtlsTransport? one, DtlsTransport? other) = fromClient ? (client, server) : (server, client);
            one.CloseNotify();
            Exchange(one, other);
            Assert.Equal(DtlsEventKind.Closed, TakeEvent(other));
            Assert.False(other.IsConnected);
            Assert.False(one.Send([1]));
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Import_InMidConversation_GoesOnBothWaysAndCloses(bool clientMoves)
    {
        (DtlsTransport? client, DtlsTransport? server) = Pair();
        using (client)
        using (server)
        {
            Connect(client, server);
            for (byte i = 0; i < 5; i++)
            {
                AssertArrives(client, server, i);
                AssertArrives(server, client, i);
            }
            (DtlsTransport? moving, DtlsTransport? staying) = clientMoves ? (client, server) : (server, client);
            using var successor = DtlsTransport.Import(moving.ExportState(), sequenceLead: 1000);
            for (byte i = 0; i < 5; i++)
            {
                AssertArrives(successor, staying, i);
                AssertArrives(staying, successor, i);
            }
            using var third = DtlsTransport.Import(successor.ExportState());
            AssertArrives(third, staying, 9);
            AssertArrives(staying, third, 8);
            staying.CloseNotify();
            Exchange(staying, third);
            Assert.Equal(DtlsEventKind.Closed, TakeEvent(third));
        }
    }

    [Fact]
    public void Import_ReplayedAndForgedRecords_AreDropped()
    {
        (DtlsTransport? client, DtlsTransport? server) = Pair();
        using (client)
        using (server)
        {
            Connect(client, server);
            Assert.True(client.Send([1, 2, 3]));
            byte[] record = new byte[1500];
            Assert.True(client.TryTransmit(record, out int length));
            server.Receive(record.AsSpan(0, length));
            byte[] buffer = new byte[2048];
            Assert.True(server.TryReceive(buffer, out _));
            using var successor = DtlsTransport.Import(server.ExportState());
            successor.Receive(record.AsSpan(0, length));
            Assert.False(successor.TryReceive(buffer, out _));
            Assert.True(client.Send([4]));
            Assert.True(client.TryTransmit(record, out length));
            record[length - 1] ^= 1;
            successor.Receive(record.AsSpan(0, length));
            Assert.False(successor.TryReceive(buffer, out _));
            record[length - 1] ^= 1;
            successor.Receive(record.AsSpan(0, length));
            Assert.True(successor.TryReceive(buffer, out _));
            successor.Receive(record.AsSpan(0, length));
            Assert.False(successor.TryReceive(buffer, out _));
        }
    }

    [Fact]
    public void Receive_RandomBytesBeforeAndAfterTheHandshake_NeverThrowsAndTheConnectionLives()
    {
        var random = new Random(7);
        (DtlsTransport? client, DtlsTransport? server) = Pair();
        using (client)
        using (server)
        {
            Connect(client, server);
            using var successor = DtlsTransport.Import(client.ExportState());
            byte[] junk = new byte[300];
            for (int i = 0; i < 5000; i++)
            {
                random.NextBytes(junk);
                junk[0] = (byte)random.Next(20, 64);
                if (i % 2 == 0) (junk[1], junk[2], junk[3], junk[4]) = (0xFE, 0xFD, 0, 1);
                int length = random.Next(junk.Length);
                server.Receive(junk.AsSpan(0, length));
                successor.Receive(junk.AsSpan(0, length));
            }
            AssertArrives(successor, server, 3);
            AssertArrives(server, successor, 4);
        }
    }

    [Fact]
    public void Dispose_OfManyTransports_FreesWhatOpenSslHeld()
    {
        void Round()
        {
            (DtlsTransport? client, DtlsTransport? server) = Pair();
            Connect(client, server);
            client.Dispose();
            server.Dispose();
        }
        for (int i = 0; i < 100; i++) Round();
        long before = Environment.WorkingSet;
        for (int i = 0; i < 1000; i++) Round();
        // 50 KiB a connection: two thousand leaked ones would be 100 MiB.
        Assert.InRange(Environment.WorkingSet - before, long.MinValue, 40L * 1024 * 1024);
    }

    [Fact]
    public void Send_InSteadyState_AllocatesNothing()
    {
        (DtlsTransport? client, DtlsTransport? server) = Pair();
        using (client)
        using (server)
        {
            Connect(client, server);
            using var successor = DtlsTransport.Import(client.ExportState());
            byte[] data = new byte[300];
            byte[] buffer = new byte[2048];
            void Round()
            {
                successor.Send(data);
                while (successor.TryTransmit(buffer, out int length)) server.Receive(buffer.AsSpan(0, length));
                while (server.TryReceive(buffer, out _)) { }
                server.Send(data);
                while (server.TryTransmit(buffer, out int length)) successor.Receive(buffer.AsSpan(0, length));
                while (successor.TryReceive(buffer, out _)) { }
            }
            for (int i = 0; i < 200; i++) Round();
            long before = GC.GetAllocatedBytesForCurrentThread();
            for (int i = 0; i < 200; i++) Round();
            Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        }
    }
}
