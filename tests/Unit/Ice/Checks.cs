using System.Text;
using Dapr.Voice.Ice;
using Dapr.Voice.Stun;

namespace Dapr.Voice.Tests.Unit.Ice;

/// <summary>Checks as browsers send them, with any part left out.</summary>
internal static class Checks
{
    private static uint s_next;

    public static byte[] Request(
        string username, string password, bool usesCandidate = false, bool hasFingerprint = true, bool hasIntegrity = true,
        StunAttributeType role = StunAttributeType.IceControlling, ulong tieBreaker = 1, StunAttributeType? extra = null,
        TransactionId? id = null)
    {
        byte[] buffer = new byte[600];
        Span<byte> idBytes = stackalloc byte[TransactionId.Length];
        (id ?? new TransactionId(0x1234, ++s_next)).Write(idBytes);
        var writer = new StunMessageWriter(buffer, StunClass.Request, StunMethod.Binding, idBytes);
        if (username.Length > 0) writer.Add(StunAttributeType.Username, Encoding.UTF8.GetBytes(username));
        writer.Add((StunAttributeType)0xC057, [0, 1, 0, 10]);
        writer.AddUInt64(role, tieBreaker);
        if (usesCandidate) writer.AddFlag(StunAttributeType.UseCandidate);
        writer.AddUInt32(StunAttributeType.Priority, 1853824767);
        if (extra is { } type) writer.Add(type, [1, 2, 3]);
        if (hasIntegrity) writer.AddMessageIntegrity(Encoding.UTF8.GetBytes(password));
        if (hasFingerprint) writer.AddFingerprint();
        return buffer.AsSpan(0, writer.Length).ToArray();
    }

    /// <summary>The peer's answer to our check.</summary>
    public static byte[] AnswerTo(byte[] check, string password)
        => Answer(TransactionId.From(check.AsSpan(8, TransactionId.Length)), password);

    public static byte[] Answer(TransactionId id, string password)
    {
        byte[] buffer = new byte[100];
        Span<byte> idBytes = stackalloc byte[TransactionId.Length];
        id.Write(idBytes);
        var writer = new StunMessageWriter(buffer, StunClass.SuccessResponse, StunMethod.Binding, idBytes);
        writer.AddMessageIntegrity(Encoding.UTF8.GetBytes(password));
        writer.AddFingerprint();
        return buffer.AsSpan(0, writer.Length).ToArray();
    }

    public static byte[] Request(IceCredentials server, bool usesCandidate = false, TransactionId? id = null)
        => Request($"{server.Ufrag}:peer", server.Password, usesCandidate, id: id);
}
