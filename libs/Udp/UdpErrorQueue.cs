using System.Runtime.InteropServices;
using Dapr.Voice.Native;
using Dapr.Voice.Wire;

namespace Dapr.Voice.Udp;

/// <summary>
/// Reads the error queue of a socket (IP_RECVERR, ip(7)): the destinations at whose port nobody listens, as an ICMP message said. An
/// unconnected socket learns of them in no other way. The owner of the socket owns it.
/// </summary>
internal sealed unsafe class UdpErrorQueue : IDisposable
{
    /// <summary>The most destinations that wait for <see cref="TryTake"/>. A further one is forgotten; its port is asked again.</summary>
    private const int Maximum = 64;

    /// <summary>The most errors that one call reads, so that a flood of forged messages holds nobody up.</summary>
    private const int MaximumPerRead = 64;

    // The extended error and the reporter's address, each with its header, and room to spare.
    private const int ControlCapacity = 128;
    private const int NameCapacity = 32;

    private readonly Queue<TransportAddress> _refused = new(Maximum);
    private readonly LibC.mmsghdr* _message = (LibC.mmsghdr*)NativeMemory.AllocZeroed((nuint)sizeof(LibC.mmsghdr));
    private readonly byte* _name = (byte*)NativeMemory.AllocZeroed(NameCapacity);
    private readonly byte* _control = (byte*)NativeMemory.AllocZeroed(ControlCapacity);

    /// <summary>Asks the kernel to keep the errors of a socket.</summary>
    public static void Enable(int descriptor, bool isIPv6)
    {
        int on = 1;
        // A socket for both families hears of IPv4 destinations by the option of IPv4.
        _ = LibC.setsockopt(descriptor, LibC.IPPROTO_IP, LibC.IP_RECVERR, &on, sizeof(int));
        if (isIPv6) _ = LibC.setsockopt(descriptor, LibC.IPPROTO_IPV6, LibC.IPV6_RECVERR, &on, sizeof(int));
    }

    /// <summary>Empties the queue. While it holds anything, the socket polls as ready.</summary>
    public void Read(int descriptor)
    {
        for (int i = 0; i < MaximumPerRead; i++)
        {
            _message->msg_hdr.msg_name = _name;
            _message->msg_hdr.msg_namelen = NameCapacity;
            _message->msg_hdr.msg_control = _control;
            _message->msg_hdr.msg_controllen = ControlCapacity;
            if (LibC.recvmmsg(descriptor, _message, 1, LibC.MSG_ERRQUEUE | LibC.MSG_DONTWAIT, null) <= 0) return;
            // The name is the destination of the packet that caused the error.
            if (IsRefusal() && SocketAddressCodec.TryRead(_name, _message->msg_hdr.msg_namelen, out TransportAddress destination)
                && _refused.Count < Maximum && !_refused.Contains(destination)) _refused.Enqueue(destination);
        }
    }

    /// <summary>Takes the next destination that refused a datagram.</summary>
    public bool TryTake(out TransportAddress destination) => _refused.TryDequeue(out destination);

    public void Dispose()
    {
        NativeMemory.Free(_message);
        NativeMemory.Free(_name);
        NativeMemory.Free(_control);
    }

    /// <summary>True if the error is "port unreachable" and came from the network, not from this kernel's own checks.</summary>
    private bool IsRefusal()
    {
        byte* at = _control, end = _control + _message->msg_hdr.msg_controllen;
        int header = sizeof(LibC.cmsghdr);
        while (at + header <= end)
        {
            var control = (LibC.cmsghdr*)at;
            if (control->cmsg_len < (nuint)header || at + control->cmsg_len > end) return false;
            bool isError = (control->cmsg_level == LibC.IPPROTO_IP && control->cmsg_type == LibC.IP_RECVERR)
                || (control->cmsg_level == LibC.IPPROTO_IPV6 && control->cmsg_type == LibC.IPV6_RECVERR);
            if (isError && control->cmsg_len >= (nuint)(header + sizeof(LibC.sock_extended_err)))
            {
                var error = (LibC.sock_extended_err*)(at + header);
                return error->ee_errno == LibC.ECONNREFUSED
                    && error->ee_origin is LibC.SO_EE_ORIGIN_ICMP or LibC.SO_EE_ORIGIN_ICMP6;
            }
            at += ((int)control->cmsg_len + 7) & ~7;
        }
        return false;
    }
}
