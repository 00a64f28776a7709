using Dapr.Voice.Dtls;
using Dapr.Voice.Native;

namespace Dapr.Voice.Tests.Unit.Dtls;

/// <summary>A client and a server with a network between them that a test can look into and spoil.</summary>
internal sealed class DtlsPair : IDisposable
{
    public static readonly DtlsCertificate ClientCertificate = DtlsCertificate.Generate();
    public static readonly DtlsCertificate ServerCertificate = DtlsCertificate.Generate();

    public DtlsPair(string? ciphers = null, string? srtpProfiles = null, DtlsCertificate? expectedOfClient = null,
        DtlsCertificate? expectedOfServer = null, bool requiresSrtp = true)
    {
        IReadOnlyList<CertificateFingerprint> forServer = [(expectedOfClient ?? ClientCertificate).Fingerprint];
        IReadOnlyList<CertificateFingerprint> forClient = [(expectedOfServer ?? ServerCertificate).Fingerprint];
        using SslContextHandle context = ClientCertificate.CreateContext(DtlsRole.Client, ciphers, srtpProfiles);
        Client = new DtlsTransport(DtlsRole.Client, context, forClient, requiresSrtp);
        Server = new DtlsTransport(DtlsRole.Server, ServerCertificate, forServer, requiresSrtp);
    }

    public DtlsTransport Client { get; set; }
    public DtlsTransport Server { get; set; }

    public static DtlsPair Connected(string? ciphers = null, string? srtpProfiles = null)
    {
        var pair = new DtlsPair(ciphers, srtpProfiles);
        pair.Server.Start();
        pair.Client.Start();
        pair.Exchange();
        if (!pair.Client.IsConnected || !pair.Server.IsConnected) throw new InvalidOperationException("not connected");
        while (pair.Client.TryTakeEvent(out _)) { }
        while (pair.Server.TryTakeEvent(out _)) { }
        return pair;
    }

    /// <summary>Carries datagrams over until nobody has anything to say.</summary>
    public void Exchange()
    {
        bool isBusy = true;
        while (isBusy)
        {
            isBusy = false;
            foreach (byte[] datagram in Drain(Client)) { Server.Receive(datagram); isBusy = true; }
            foreach (byte[] datagram in Drain(Server)) { Client.Receive(datagram); isBusy = true; }
        }
    }

    public static List<byte[]> Drain(DtlsTransport transport)
    {
        var datagrams = new List<byte[]>();
        byte[] buffer = new byte[1500];
        while (transport.TryTransmit(buffer, out int length)) datagrams.Add(buffer[..length]);
        return datagrams;
    }

    public static List<DtlsEvent> Events(DtlsTransport transport)
    {
        var events = new List<DtlsEvent>();
        while (transport.TryTakeEvent(out DtlsEvent occurred)) events.Add(occurred);
        return events;
    }

    /// <summary>Application data received, as hexadecimal digits.</summary>
    public static List<string> Received(DtlsTransport transport)
    {
        var messages = new List<string>();
        byte[] buffer = new byte[2048];
        while (transport.TryReceive(buffer, out int length)) messages.Add(Convert.ToHexString(buffer.AsSpan(0, length)));
        return messages;
    }

    public void Dispose()
    {
        Client.Dispose();
        Server.Dispose();
    }
}
