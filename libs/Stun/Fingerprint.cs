namespace Dapr.Voice.Stun;

/// <summary>
/// The value of FINGERPRINT (RFC 8489, section 14.7): the CRC-32 of everything before the attribute, XORed with a constant. It
/// distinguishes STUN from other protocols on the same port. It does not protect the message.
/// </summary>
internal static class Fingerprint
{
    public const int ValueLength = 4;
    private const uint Xor = 0x5354554E;

    // The reflected polynomial of ISO 3309. BitOperations.Crc32C uses another one (Castagnoli), so this class has its own table.
    private const uint Polynomial = 0xEDB88320;

    private static readonly uint[] Table = BuildTable();

    /// <param name="message">The message up to the attribute. Its length field already includes the attribute.</param>
    public static uint Compute(ReadOnlySpan<byte> message)
    {
        uint crc = uint.MaxValue;
        foreach (byte b in message) crc = Table[(byte)(crc ^ b)] ^ (crc >> 8);
        return ~crc ^ Xor;
    }

    private static uint[] BuildTable()
    {
        uint[] table = new uint[256];
        for (uint i = 0; i < table.Length; i++)
        {
            uint value = i;
            for (int bit = 0; bit < 8; bit++) value = (value & 1) != 0 ? (value >> 1) ^ Polynomial : value >> 1;
            table[i] = value;
        }
        return table;
    }
}
