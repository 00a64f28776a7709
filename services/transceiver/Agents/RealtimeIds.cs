using System.Security.Cryptography;

namespace Dapr.Voice.Transceiver.Agents;

/// <summary>Ids in the form that clients of the Realtime dialect know.</summary>
internal static class RealtimeIds
{
    public static string NewItem() => New("item_");
    public static string NewResponse() => New("resp_");
    public static string NewSession() => New("sess_");

    // 80 random bits make the id unique among all sessions. It is not a secret.
    private static string New(string prefix) => prefix + RandomNumberGenerator.GetHexString(20, lowercase: true);
}
