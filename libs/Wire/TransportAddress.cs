using System.Buffers.Binary;
using System.Net;

namespace Dapr.Voice.Wire;

/// <summary>
/// An IP address and a port as a value of 18 bytes. It does not allocate, and it is cheap to compare and to hash. IPv4 is stored as
/// IPv4-mapped IPv6 (RFC 4291, section 2.5.5.2), so that both families share tables and frames.
/// </summary>
public readonly record struct TransportAddress(ulong High, ulong Low, ushort Port)
{
    private const ulong MappedPrefix = 0x0000_FFFF_0000_0000;

    public static TransportAddress FromIPv4(uint address, ushort port) => new(0, MappedPrefix | address, port);

    /// <param name="address">Four bytes (IPv4) or sixteen (IPv6) in network byte order.</param>
    public static TransportAddress FromBytes(ReadOnlySpan<byte> address, ushort port) => address.Length switch
    {
        4 => FromIPv4(BinaryPrimitives.ReadUInt32BigEndian(address), port),
        16 => new(BinaryPrimitives.ReadUInt64BigEndian(address), BinaryPrimitives.ReadUInt64BigEndian(address[8..]), port),
        _ => throw new ArgumentException("An address has 4 or 16 bytes.", nameof(address)),
    };

    public static TransportAddress From(IPEndPoint endPoint)
    {
        Span<byte> bytes = stackalloc byte[16];
        endPoint.Address.TryWriteBytes(bytes, out int length);
        return FromBytes(bytes[..length], (ushort)endPoint.Port);
    }

    /// <summary>Reads <c>192.0.2.1:3478</c> or <c>[2001:db8::1]:3478</c>.</summary>
    public static bool TryParse(string? text, out TransportAddress address)
    {
        address = default;
        if (!IPEndPoint.TryParse(text ?? "", out IPEndPoint? endPoint)) return false;
        address = From(endPoint);
        return true;
    }

    public bool IsIPv4 => High == 0 && Low >> 32 == 0xFFFF;

    /// <summary>The IPv4 address in host byte order. It has a meaning only if <see cref="IsIPv4"/> is true.</summary>
    public uint IPv4 => (uint)Low;

    /// <summary>Writes all sixteen bytes. An IPv4 address is written as IPv4-mapped IPv6.</summary>
    public void WriteAddress16(Span<byte> destination)
    {
        BinaryPrimitives.WriteUInt64BigEndian(destination, High);
        BinaryPrimitives.WriteUInt64BigEndian(destination[8..], Low);
    }

    public IPEndPoint ToIPEndPoint()
    {
        Span<byte> bytes = stackalloc byte[16];
        WriteAddress16(bytes);
        return new IPEndPoint(new IPAddress(IsIPv4 ? bytes[12..] : bytes), Port);
    }

    public override string ToString() => ToIPEndPoint().ToString();
}
