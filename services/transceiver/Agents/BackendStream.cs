using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;

namespace Dapr.Voice.Transceiver.Agents;

/// <summary>
/// The bytes of one TCP connection to a backend. It counts what is written, and knows how much of it the other side has acknowledged. So
/// what was written into a connection that had silently died can be written again into the next one. The counters may be read by any
/// thread.
/// </summary>
internal sealed class BackendStream : Stream
{
    /// <summary>
    /// A connection whose data nobody acknowledges for so long is dead (tcp(7), TCP_USER_TIMEOUT). The caller's voice is sent all the time,
    /// so this is noticed sooner than a ping without an answer.
    /// </summary>
    public static readonly TimeSpan AcknowledgementLimit = TimeSpan.FromSeconds(10);

    private const int IPPROTO_TCP = 6, TCP_INFO = 11, TCP_USER_TIMEOUT = 18;

    // struct tcp_info of linux/tcp.h: tcpi_bytes_acked, of 64 bits.
    private const int BytesAcknowledgedAt = 120;

    private readonly Socket _socket;
    private readonly NetworkStream _stream;
    private readonly Lock _lock = new();
    private readonly long _base;
    private long _written;
    private long? _last;

    /// <param name="socket">Connected. The stream owns it.</param>
    public BackendStream(Socket socket)
    {
        (_socket, _stream) = (socket, new NetworkStream(socket, ownsSocket: true));
        // The opening of the connection counts as a byte.
        _base = Read() ?? -1;
    }

    /// <summary>Opens a connection.</summary>
    /// <exception cref="SocketException">Nobody listens there, or there is no way to it.</exception>
    public static async ValueTask<BackendStream> ConnectAsync(EndPoint to, CancellationToken cancellation)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            byte[] limit = BitConverter.GetBytes((int)AcknowledgementLimit.TotalMilliseconds);
            if (OperatingSystem.IsLinux()) socket.SetRawSocketOption(IPPROTO_TCP, TCP_USER_TIMEOUT, limit);
            await socket.ConnectAsync(to, cancellation).ConfigureAwait(false);
            return new BackendStream(socket);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>How many bytes have been written in whole writes.</summary>
    public long Written => Volatile.Read(ref _written);

    /// <summary>
    /// How many of the written bytes the other machine has. After the end: how many it had then. A kernel that does not say counts as one
    /// that has sent everything.
    /// </summary>
    public long Acknowledged
    {
        get
        {
            lock (_lock) return _last ?? (_base < 0 || Read() is not { } now ? long.MaxValue : now - _base);
        }
    }

    public override bool CanRead => true;
    public override bool CanSeek => false;
    public override bool CanWrite => true;
    public override long Length => throw new NotSupportedException();
    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        => _stream.ReadAsync(buffer, cancellationToken);

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken)
        => _stream.ReadAsync(buffer, offset, count, cancellationToken);

    public override int Read(byte[] buffer, int offset, int count) => _stream.Read(buffer, offset, count);

    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        ValueTask writing = _stream.WriteAsync(buffer, cancellationToken);
        if (!writing.IsCompletedSuccessfully) return CountAsync(writing, buffer.Length);
        Interlocked.Add(ref _written, buffer.Length);
        return writing;
    }

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken)
        => WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override void Write(byte[] buffer, int offset, int count)
    {
        _stream.Write(buffer, offset, count);
        Interlocked.Add(ref _written, count);
    }

    public override void Flush() => _stream.Flush();
    public override Task FlushAsync(CancellationToken cancellationToken) => _stream.FlushAsync(cancellationToken);
    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();
    public override void SetLength(long value) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        long acknowledged = Acknowledged;
        lock (_lock) _last ??= acknowledged;
        if (disposing) _stream.Dispose();
        base.Dispose(disposing);
    }

    private async ValueTask CountAsync(ValueTask writing, int length)
    {
        await writing.ConfigureAwait(false);
        Interlocked.Add(ref _written, length);
    }

    private long? Read()
    {
        if (!OperatingSystem.IsLinux()) return null;
        Span<byte> info = stackalloc byte[BytesAcknowledgedAt + sizeof(long)];
        try
        {
            int length = _socket.GetRawSocketOption(IPPROTO_TCP, TCP_INFO, info);
            return length < info.Length ? null : BinaryPrimitives.ReadInt64LittleEndian(info[BytesAcknowledgedAt..]);
        }
        catch (Exception failed) when (failed is SocketException or ObjectDisposedException)
        {
            return null;
        }
    }
}
