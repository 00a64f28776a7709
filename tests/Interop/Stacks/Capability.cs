namespace Dapr.Voice.Tests.Interop.Stacks;

/// <summary>What a peer must be able to do with us: the columns of the table in docs/interop.md, in its order.</summary>
public enum Capability
{
    Udp,
    IceTcp,

    /// <summary>The agent recognises the caller's question, and a recogniser the agent's answer in what the peer recorded.</summary>
    AudioBothWays,

    /// <summary>The peer receives <c>session.created</c>, sends <c>session.update</c>, and receives its effect.</summary>
    EventsBothWays,

    /// <summary>A question is answered by voice when the call is a minute old.</summary>
    OneMinute,

    /// <summary>As <see cref="OneMinute"/>, when the calls over each transport are ten minutes old.</summary>
    TenMinutes,

    /// <summary>The caller hangs up, and within a second the call's record says so.</summary>
    CallerHangsUp,

    /// <summary>The server hangs up, and within a second the peer's API says so.</summary>
    ServerHangsUp,

    /// <summary>After a call that the server ended, the same process calls again and is understood.</summary>
    CallsAgain,

    /// <summary>The offer has a video section, too. It is rejected, and the call works.</summary>
    VideoBeside,
}
