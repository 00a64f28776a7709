using System.Buffers.Binary;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using Dapr.Voice.Steering;
using Dapr.Voice.Transceiver.Ownership;

namespace Dapr.Voice.Transceiver.Link;

/// <summary>
/// Asks another transceiver's link port which process listens there, over the transport that the endpoint names. Each question has a socket
/// of its own. Only two refusals in a row count as a closed port: one may be forged, or come from a middlebox. Any thread.
/// </summary>
internal sealed class PeerProbe(LinkKey key) : IPeerProbe
{
    /// <summary>How often the question is sent over UDP, where it may be lost.</summary>
    private const int Questions = 3;

    private static readonly TimeSpan QuestionInterval = TimeSpan.FromMilliseconds(100);

    /// <summary>How long an answer is awaited in all. A busy process finds the question in its socket when its turn comes.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(500);

    /// <summary>The pause between a refusal and the question that confirms it.</summary>
    private static readonly TimeSpan PauseAfterRefusal = TimeSpan.FromMilliseconds(10);

    private const int AnswerCapacity = 2048;
    private const int LengthPrefix = 2;

    public async Task<PeerProbeOutcome> ProbeAsync(LinkEndpoint endpoint, string incarnation, CancellationToken cancellation)
    {
        ulong expected = ulong.Parse(incarnation, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(Patience);
        for (bool wasRefused = false; ; wasRefused = true)
        {
            PeerProbeOutcome outcome = await AskAsync(endpoint, expected, limit.Token).ConfigureAwait(false);
            if (outcome != PeerProbeOutcome.PortClosed || wasRefused) return outcome;
            await Task.Delay(PauseAfterRefusal, limit.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task<PeerProbeOutcome> AskAsync(LinkEndpoint endpoint, ulong expected, CancellationToken cancellation)
    {
        try
        {
            ulong? answered = endpoint.Scheme == LinkScheme.Tcp
                ? await AskOverTcpAsync(endpoint, cancellation).ConfigureAwait(false)
                : await AskOverUdpAsync(endpoint, cancellation).ConfigureAwait(false);
            return answered is null ? PeerProbeOutcome.Silent
                : answered == expected ? PeerProbeOutcome.Alive : PeerProbeOutcome.OtherProcess;
        }
        catch (SocketException e) when (e.SocketErrorCode is SocketError.ConnectionRefused or SocketError.ConnectionReset)
        {
            return PeerProbeOutcome.PortClosed;
        }
        catch (Exception e) when (e is SocketException or OperationCanceledException)
        {
            // The name does not resolve, there is no route, or the time is over. None of them says that the process is dead.
            return PeerProbeOutcome.Silent;
        }
    }

    private async Task<ulong?> AskOverUdpAsync(LinkEndpoint endpoint, CancellationToken cancellation)
    {
        EndPoint remote = await ResolveAsync(endpoint, cancellation).ConfigureAwait(false);
        using var socket = new Socket(remote.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
        // A connected socket hears of a closed port, and takes nothing from others.
        await socket.ConnectAsync(remote, cancellation).ConfigureAwait(false);
        var inquiry = new LinkInquiry(key, RandomNumberGenerator.Fill);
        byte[] question = new byte[LinkInquiry.QuestionLength], answer = new byte[AnswerCapacity];
        inquiry.Write(question);
        for (int sent = 0; ; sent++)
        {
            if (sent < Questions) await socket.SendAsync(question, cancellation).ConfigureAwait(false);
            using var pause = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
            if (sent < Questions) pause.CancelAfter(QuestionInterval);
            try
            {
                while (true)
                {
                    int length = await socket.ReceiveAsync(answer, pause.Token).ConfigureAwait(false);
                    if (inquiry.TryRead(answer.AsSpan(0, length), out ulong incarnation)) return incarnation;
                }
            }
            catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
            {
                // Nothing came. The question may have been lost.
            }
        }
    }

    /// <exception cref="SocketException">ConnectionReset also stands for a connection that was closed without an answer.</exception>
    private async Task<ulong?> AskOverTcpAsync(LinkEndpoint endpoint, CancellationToken cancellation)
    {
        EndPoint remote = await ResolveAsync(endpoint, cancellation).ConfigureAwait(false);
        using var socket = new Socket(remote.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        socket.NoDelay = true;
        await socket.ConnectAsync(remote, cancellation).ConfigureAwait(false);
        var inquiry = new LinkInquiry(key, RandomNumberGenerator.Fill);
        byte[] question = new byte[LengthPrefix + LinkInquiry.QuestionLength], answer = new byte[AnswerCapacity];
        BinaryPrimitives.WriteUInt16BigEndian(question, LinkInquiry.QuestionLength);
        inquiry.Write(question.AsSpan(LengthPrefix));
        await socket.SendAsync(question, cancellation).ConfigureAwait(false);
        await FillAsync(socket, answer.AsMemory(0, LengthPrefix), cancellation).ConfigureAwait(false);
        int length = BinaryPrimitives.ReadUInt16BigEndian(answer);
        if (length > answer.Length) return null;
        await FillAsync(socket, answer.AsMemory(0, length), cancellation).ConfigureAwait(false);
        return inquiry.TryRead(answer.AsSpan(0, length), out ulong incarnation) ? incarnation : null;
    }

    private static async Task FillAsync(Socket socket, Memory<byte> buffer, CancellationToken cancellation)
    {
        while (!buffer.IsEmpty)
        {
            int got = await socket.ReceiveAsync(buffer, cancellation).ConfigureAwait(false);
            if (got == 0) throw new SocketException((int)SocketError.ConnectionReset);
            buffer = buffer[got..];
        }
    }

    private static async Task<EndPoint> ResolveAsync(LinkEndpoint endpoint, CancellationToken cancellation)
    {
        if (IPAddress.TryParse(endpoint.Host, out IPAddress? address)) return new IPEndPoint(address, endpoint.Port);
        IPAddress[] found = await Dns.GetHostAddressesAsync(endpoint.Host, cancellation).ConfigureAwait(false);
        // IPv4 comes first, as relays do it.
        return new IPEndPoint(found.OrderBy(a => a.AddressFamily).First(), endpoint.Port);
    }
}
