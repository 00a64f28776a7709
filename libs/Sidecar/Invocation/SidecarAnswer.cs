using System.Net;
using System.Text.Json;

namespace Dapr.Voice.Sidecar;

/// <summary>Why there is no answer.</summary>
internal enum SidecarFailure { None, NoConnection, Deadline, AnswerTooLong }

/// <summary>The answer of the sidecar, or why there is none.</summary>
internal readonly record struct SidecarAnswer(HttpStatusCode Status, ReadOnlyMemory<byte> Body, SidecarFailure Failure)
{
    public static SidecarAnswer Failed(SidecarFailure failure) => new(default, default, failure);

    public bool IsSuccess => Failure == SidecarFailure.None && (int)Status is >= 200 and < 300;

    /// <summary>
    /// The <c>errorCode</c> of the body. It is the status if the body has no code (the answer to a rejected token is plain text), and the
    /// failure if there is no answer. It is safe to log. Messages are not included, because they may quote keys and values.
    /// </summary>
    public string ErrorCode
    {
        get
        {
            if (Failure != SidecarFailure.None) return Failure.ToString();
            try
            {
                var reader = new Utf8JsonReader(Body.Span);
                if (reader.Read() && reader.TokenType == JsonTokenType.StartObject)
                {
                    while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
                    {
                        bool isCode = reader.ValueTextEquals("errorCode"u8);
                        if (!reader.Read()) break;
                        if (isCode && reader.TokenType == JsonTokenType.String && reader.GetString() is { Length: > 0 and <= 100 } code)
                            return code;
                        reader.Skip();
                    }
                }
            }
            catch (Exception e) when (e is JsonException or InvalidOperationException)
            {
                // The body is not JSON, so only the status is known.
            }
            return $"HTTP_{(int)Status}";
        }
    }
}
