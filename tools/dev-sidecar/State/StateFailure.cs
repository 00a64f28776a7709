namespace Dapr.Voice.DevSidecar.State;

/// <summary>Why a store did not do what was asked. The API turns it into a status: 409, 400, 500.</summary>
internal enum StateFailureKind { Mismatch, MalformedETag, Error }

/// <param name="Message">In our own words; nobody may depend on them.</param>
internal sealed record StateFailure(StateFailureKind Kind, string Message)
{
    public static StateFailure Mismatch { get; } = new(StateFailureKind.Mismatch, "possible etag mismatch. error from state store");

    public static StateFailure Error(string message) => new(StateFailureKind.Error, message);
}
