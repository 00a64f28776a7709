using System.Security.Cryptography;
using Dapr.Voice.Wire;

namespace Dapr.Voice.Relay.PacketPath;

/// <summary>
/// A hash that only this process can compute. A client chooses its port and, with IPv6, its address. If the hash were public, a client
/// could choose them so that all of its flows fall into one place of the table. The hash uses two rounds of 64-by-64 multiplication with
/// secret summands.
/// </summary>
internal readonly struct KeyedHash
{
    private const ulong Odd = 0x9E37_79B9_7F4A_7C15;

    private readonly ulong _a, _b, _c;

    private KeyedHash(ReadOnlySpan<byte> secret)
    {
        _a = BitConverter.ToUInt64(secret);
        _b = BitConverter.ToUInt64(secret[8..]);
        _c = BitConverter.ToUInt64(secret[16..]);
    }

    public static KeyedHash CreateRandom()
    {
        Span<byte> secret = stackalloc byte[24];
        RandomNumberGenerator.Fill(secret);
        return new KeyedHash(secret);
    }

    public ulong Of(in TransportAddress address) => Fold(Fold(address.High ^ _a, address.Low ^ _b) ^ address.Port, _c | Odd);
    public ulong Of(ulong value) => Fold(Fold(value ^ _a, _b | Odd), _c | Odd);

    private static ulong Fold(ulong a, ulong b)
    {
        ulong high = Math.BigMul(a, b, out ulong low);
        return high ^ low;
    }
}
