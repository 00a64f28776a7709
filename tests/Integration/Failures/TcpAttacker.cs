using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using Dapr.Voice.Stun;

namespace Dapr.Voice.Tests.Integration.Failures;

/// <summary>The connections of an attacker, made from inside a network. Disposing closes all of them.</summary>
internal sealed class TcpAttacker(NetworkNamespace network) : IDisposable
{
    private readonly List<Socket> _sockets = [];

    public IReadOnlyList<Socket> Sockets => _sockets;

    /// <summary>Frames bytes as RFC 4571 says.</summary>
    public static byte[] Framed(ReadOnlySpan<byte> frame) => [(byte)(frame.Length >> 8), (byte)frame.Length, .. frame];

    /// <summary>Creates the first check of a session, framed, as the client that got the answer would send it.</summary>
    public static byte[] Check(string answer)
    {
        string ufrag = Line(answer, "ice-ufrag"), password = Line(answer, "ice-pwd");
        byte[] buffer = new byte[300];
        var writer = new StunMessageWriter(buffer, StunClass.Request, StunMethod.Binding, RandomNumberGenerator.GetBytes(12));
        writer.Add(StunAttributeType.Username, Encoding.ASCII.GetBytes(ufrag + ":cafe"));
        writer.AddUInt32(StunAttributeType.Priority, 1_845_501_695);
        writer.AddUInt64(StunAttributeType.IceControlling, 7);
        writer.AddMessageIntegrity(Encoding.ASCII.GetBytes(password));
        writer.AddFingerprint();
        return Framed(buffer.AsSpan(0, writer.Length));
    }

    /// <summary>
    /// Opens connections, each from the address that <paramref name="from"/> returns for its number, and sends <paramref name="first"/> on
    /// each.
    /// </summary>
    /// <returns>The new connections.</returns>
    public IReadOnlyList<Socket> Open(int count, IPEndPoint to, ReadOnlyMemory<byte> first = default, Func<int, IPAddress>? from = null)
    {
        int before = _sockets.Count;
        network.Run(() =>
        {
            for (int i = 0; i < count; i++)
            {
                var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
                _sockets.Add(socket);
                if (from is not null) socket.Bind(new IPEndPoint(from(i), 0));
                socket.Connect(to);
                socket.Blocking = false;
                Say(socket, first.Span);
            }
        });
        return _sockets[before..];
    }

    /// <summary>Opens and closes connections as fast as possible: in turn by FIN, by RST, and in the middle of a frame.</summary>
    public void Storm(int count, IPEndPoint to) => network.Run(() =>
    {
        for (int i = 0; i < count; i++)
        {
            using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            if (i % 3 != 0) socket.LingerState = new LingerOption(true, 0);
            socket.Connect(to);
            if (i % 3 == 2) socket.Send([0, 100, 0, 1]);
        }
    });

    /// <summary>Writes what the kernel accepts. A closed connection accepts nothing.</summary>
    public static void Say(Socket socket, ReadOnlySpan<byte> bytes)
    {
        if (!bytes.IsEmpty) socket.Send(bytes, SocketFlags.None, out _);
    }

    public void Dispose() => _sockets.ForEach(s => s.Dispose());

    private static string Line(string sdp, string attribute)
        => sdp.Split('\n').First(l => l.StartsWith($"a={attribute}:", StringComparison.Ordinal))[(attribute.Length + 3)..].Trim();
}
