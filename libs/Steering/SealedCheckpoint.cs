using System.Buffers.Binary;
using System.Text;

namespace Dapr.Voice.Steering;

/// <summary>
/// A checkpoint of a session, encrypted for the state store: it contains the keys of a call. The bytes are a key id and an <see
/// cref="AuthenticatedSeal"/> with a key of the password ring. They open only for the call and the slot epoch that they were sealed for.
/// Any thread.
/// </summary>
public static class SealedCheckpoint
{
    private static ReadOnlySpan<byte> Purpose => "dapr.voice checkpoint"u8;

    /// <param name="epoch">The epoch of the slot under which its owner wrote the checkpoint. It is stored beside the bytes.</param>
    /// <param name="nonce"><see cref="AuthenticatedSeal.NonceBytes"/> random bytes.</param>
    public static byte[] Seal(KeyRing passwordKeys, string callId, uint epoch, ReadOnlySpan<byte> checkpoint, ReadOnlySpan<byte> nonce)
    {
        passwordKeys.TryGetKey(passwordKeys.CurrentId, out ReadOnlySpan<byte> key);
        return [passwordKeys.CurrentId, .. AuthenticatedSeal.Seal(checkpoint, Associated(callId, epoch), key, Purpose, nonce)];
    }

    /// <summary>Returns null if the bytes were not sealed for this call and epoch with a key of the ring.</summary>
    public static byte[]? TryOpen(KeyRing passwordKeys, string callId, uint epoch, ReadOnlySpan<byte> sealedBytes)
        => !sealedBytes.IsEmpty && passwordKeys.TryGetKey(sealedBytes[0], out ReadOnlySpan<byte> key)
            ? AuthenticatedSeal.TryOpen(sealedBytes[1..], Associated(callId, epoch), key, Purpose) : null;

    private static byte[] Associated(string callId, uint epoch)
    {
        byte[] associated = new byte[sizeof(uint) + Encoding.UTF8.GetByteCount(callId)];
        BinaryPrimitives.WriteUInt32BigEndian(associated, epoch);
        Encoding.UTF8.GetBytes(callId, associated.AsSpan(sizeof(uint)));
        return associated;
    }
}
