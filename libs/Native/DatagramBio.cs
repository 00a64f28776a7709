using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Dapr.Voice.Native;

/// <summary>
/// The BIO from which OpenSSL reads and to which it writes, instead of a socket. It transfers whole datagrams. We need our own BIO, because
/// a memory BIO joins the datagrams of a flight into one sequence of bytes, and BIO_s_dgram_pair exists only from OpenSSL 3.2
/// (docs/protocols/webrtc.md 3). Only one thread may use it at a time: the thread that calls its <see cref="SslConnection"/>.
/// </summary>
public abstract class DatagramBio
{
    /// <summary>OpenSSL sends one datagram. It is valid only during the call. The method must not throw.</summary>
    protected internal abstract void OnWrite(ReadOnlySpan<byte> datagram);

    /// <summary>OpenSSL reads the next datagram. The method must not throw.</summary>
    /// <returns>The length of the datagram, or -1 if there is none.</returns>
    protected internal abstract int OnRead(Span<byte> buffer);

    private const int BIO_CTRL_FLUSH = 11;
    private const int BIO_CTRL_DGRAM_GET_MTU_OVERHEAD = 49;
    private const int BIO_FLAGS_READ = 0x01;
    private const int BIO_FLAGS_RWS_SHOULD_RETRY = 0x0F;
    private const int BIO_FLAGS_SHOULD_RETRY = 0x08;
    private const int BIO_TYPE_SOURCE_SINK = 0x0400;

    /// <summary>The length of the IPv4 and UDP headers.</summary>
    private const int MtuOverhead = 28;

    private static readonly nint Method = CreateMethod();

    private static unsafe nint CreateMethod()
    {
        nint method = LibCrypto.BIO_meth_new(LibCrypto.BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "datagrams");
        _ = LibCrypto.BIO_meth_set_write(method, &Write);
        _ = LibCrypto.BIO_meth_set_read(method, &Read);
        _ = LibCrypto.BIO_meth_set_ctrl(method, &Control);
        return method;
    }

    /// <summary>
    /// Creates a BIO whose data is <paramref name="self"/>. SSL_free frees the BIO. The creator of the handle must free the handle.
    /// </summary>
    internal static nint Create(GCHandle self)
    {
        nint bio = LibCrypto.BIO_new(Method);
        LibCrypto.BIO_set_data(bio, GCHandle.ToIntPtr(self));
        LibCrypto.BIO_set_init(bio, 1);
        return bio;
    }

    private static DatagramBio? Target(nint bio) => GCHandle.FromIntPtr(LibCrypto.BIO_get_data(bio)).Target as DatagramBio;

    [UnmanagedCallersOnly]
    private static unsafe int Write(nint bio, byte* bytes, int length)
    {
        Target(bio)?.OnWrite(new ReadOnlySpan<byte>(bytes, length));
        return length;
    }

    [UnmanagedCallersOnly]
    private static unsafe int Read(nint bio, byte* bytes, int length)
    {
        LibCrypto.BIO_clear_flags(bio, BIO_FLAGS_RWS_SHOULD_RETRY);
        int read = Target(bio)?.OnRead(new Span<byte>(bytes, length)) ?? -1;
        if (read < 0) LibCrypto.BIO_set_flags(bio, BIO_FLAGS_READ | BIO_FLAGS_SHOULD_RETRY);
        return read;
    }

    [UnmanagedCallersOnly]
    private static nint Control(nint bio, int command, nint argument, nint pointer) => command switch
    {
        BIO_CTRL_FLUSH => 1,
        BIO_CTRL_DGRAM_GET_MTU_OVERHEAD => MtuOverhead,
        _ => 0,
    };
}
