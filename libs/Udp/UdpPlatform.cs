using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Dapr.Voice.Native;
using Dapr.Voice.Wire;

namespace Dapr.Voice.Udp;

/// <summary>Checks that this machine has the expected structure layouts, and says so in words if not.</summary>
internal static unsafe class UdpPlatform
{
    /// <exception cref="PlatformNotSupportedException">The machine is not a little-endian 64-bit Linux.</exception>
    public static void Require()
    {
        if (!OperatingSystem.IsLinux() || !Environment.Is64BitProcess || !BitConverter.IsLittleEndian)
            throw new PlatformNotSupportedException(
                $"The UDP sockets need 64-bit Linux (recvmmsg, sendmmsg). This system is {RuntimeInformation.OSDescription}, "
                + $"{RuntimeInformation.ProcessArchitecture}. Use a container or WSL 2.");
        // The layout of struct mmsghdr in glibc on x64 and arm64. The attributes fix the offsets, and the sizes follow.
        bool isAsExpected = sizeof(LibC.iovec) == 16 && sizeof(LibC.msghdr) == 56 && sizeof(LibC.mmsghdr) == 64
            && sizeof(LibC.cmsghdr) == 16 && sizeof(LibC.pollfd) == 8 && sizeof(LibC.timespec) == 16
            && Unsafe.SizeOf<nuint>() == 8;
        if (!isAsExpected) throw new PlatformNotSupportedException("The structures of recvmmsg have another size here than expected.");
    }

    /// <summary>
    /// Sends a packet to itself and compares every field that comes back. It runs before a process opens its first socket.
    /// </summary>
    /// <exception cref="PlatformNotSupportedException">The kernel reads the structures differently from how we write them.</exception>
    internal static void SelfTest()
    {
        using var socket = UdpBatchSocket.Bind(
            Wire.TransportAddress.FromIPv4(0x7F000001, 0), new UdpSocketOptions { BatchSize = 4, DatagramCapacity = 256 });
        using var wakeUp = new WakeUp();
        using var poller = new SocketPoller(wakeUp, socket.Descriptor);
        "one"u8.CopyTo(socket.Queue(socket.LocalAddress, Wire.TransportAddress.FromIPv4(0x7F000001, 0), 3));
        "three"u8.CopyTo(socket.Queue(socket.LocalAddress, default, 5));
        socket.Flush();
        poller.Wait(TimeSpan.FromSeconds(1));
        bool isRight = socket.Receive() == 2;
        if (isRight)
        {
            socket.Get(0, out Span<byte> first, out TransportAddress from, out TransportAddress to);
            socket.Get(1, out Span<byte> second, out _, out _);
            isRight = first.SequenceEqual("one"u8) && second.SequenceEqual("three"u8) && from == socket.LocalAddress
                && to.IPv4 == 0x7F000001;
        }
        if (!isRight) throw new PlatformNotSupportedException("recvmmsg and sendmmsg do not work as expected on this machine.");
    }
}
