"""Text-message receipts and AI-call logs by preset: the vendors' field names, rows by hand."""

# Headers stand as exported, however long.
# ruff: noqa: E501

from export_files import LENIENT, export_config, seen, stored


def deliveries(tmp_path, preset, text):
    config = export_config(tmp_path, "deliveries", preset, text, **LENIENT)
    return config, stored(config, "deliveries")


def test_aliyun_sms(tmp_path):
    """One biz_id for a batch, pushes repeated; contradicting receipts are not used."""
    text = """phone_number,send_time,report_time,success,err_code,err_msg,sms_size,biz_id,out_id
13900000001,2026-01-01 10:00:00,2026-01-01 10:00:05,true,DELIVERED,用户接收成功,2,b1,
13900000002,2026-01-01 10:00:00,2026-01-01 10:00:06,false,MBBLACK,黑名单,1,b1,
13900000002,2026-01-01 10:00:00,2026-01-01 10:00:06,false,MBBLACK,黑名单,1,b1,
13900000003,2026-01-01 10:00:00,2026-01-01 10:00:06,true,DELIVERED,,1,b1,
13900000003,2026-01-01 10:00:00,2026-01-01 10:00:06,false,MBBLACK,,1,b1,
"""
    config, frame = deliveries(tmp_path, "aliyun_sms", text)
    assert frame["status"].tolist() == ["delivered", "failed"]
    assert frame["delivered_at"].tolist() == ["2026-01-01 10:00:05", None]
    assert frame["segments"].tolist() == [2, 1]
    assert set(frame["channel"]) == {"sms"}
    counted = seen(config, "deliveries")
    assert counted["dropped"] == {"another receipt of the message": 1, "quarantined": 2}


def test_tencent_sms(tmp_path):
    """SUCCESS is delivered; the time of receipt is one only then."""
    text = """user_receive_time,nationcode,mobile,report_status,errmsg,description,sid
2026-01-01 10:00:00,86,13900000001,SUCCESS,DELIVRD,用户短信送达成功,s1
2026-01-01 10:00:00,86,13900000002,FAIL,UNDELIV,,s1
"""
    _, frame = deliveries(tmp_path, "tencent_sms", text)
    assert frame["status"].tolist() == ["delivered", "failed"]
    assert frame["delivered_at"].tolist() == ["2026-01-01 10:00:00", None]


def test_huawei_sms(tmp_path):
    """A receipt a segment: one message each; one segment lost is not delivered; UTC; ACCEPTD is not."""
    text = """smsMsgId,total,sequence,status,statusDesc,source,updateTime,orgCode
h1,2,1,DELIVRD,,1,2026-01-01T02:00:00Z,
h1,2,2,DELIVRD,,1,2026-01-01T02:00:01Z,
h2,2,1,DELIVRD,,1,2026-01-01 02:00:00,
h2,2,2,EXPIRED,,1,2026-01-01 02:00:00,
h3,1,1,ACCEPTD,,1,2026-01-01 02:00:00,
h4,1,1,MK:0001,,1,2026-01-01 02:00:00,
"""
    config, frame = deliveries(tmp_path, "huawei_sms", text)
    assert sorted(frame["status"]) == ["accepted", "delivered", "expired", "other(MK:0001)"]
    delivered = frame[frame["status"] == "delivered"].iloc[0]
    assert delivered["delivered_at"] == "2026-01-01 10:00:00"  # 02:00 UTC in Shanghai
    assert delivered["segments"] == 2
    assert set(frame["sent_at"]) == {"2026-01-01 10:00:00"}
    assert seen(config, "deliveries")["dropped"] == {"another receipt of the message": 2}


def test_ai_calls_aliyun(tmp_path):
    """The vendor's own sample: duration 9 is the ringing, the talk is 8 s; nobody answered is null."""
    text = """callId,CalledNumber,startTime,ringTime,answerTime,endTime,duration,CallResult
c1,13900000001,1767240000000,1767240000500,1767240009500,1767240017500,9,ANSWERED
c2,13900000002,1767240000000,1767240000500,0,1767240017500,9,NO_ANSWER
c3,13900000003,1767240000000,1767240000500,,1767240017500,9,OPERATOR_BLOCK
"""
    _, frame = deliveries(tmp_path, "ai_calls_aliyun", text)
    assert frame["status"].tolist() == ["answered", "no_answer", "blocked"]
    assert frame["talk_seconds"].fillna(-1).tolist() == [8, -1, -1]
    assert frame["connected_at"].tolist() == ["2026-01-01 12:00:09", None, None]


def test_ai_calls_sobot(tmp_path):
    """The talk is one only where somebody answered; a blocked line is not a refusal."""
    text = """callRecordId,robotCallJobId,calledPhoneNumber,startTime,endTime,resultStatus,hangupBy,chatDuration,chatRound,intentLevelCode
c1,j,13900000001,2026-01-01 10:00:00,2026-01-01 10:01:00,ANSWERED,REMOTE,50,3,2
c2,j,13900000002,2026-01-01 10:00:00,2026-01-01 10:01:00,LINE_INTERCEPT,OTHER_HANGUP,0,0,
c3,j,13900000003,2026-01-01 10:00:00,2026-01-01 10:01:00,REFUSED,REMOTE,0,0,
"""
    _, frame = deliveries(tmp_path, "ai_calls_sobot", text)
    assert frame["status"].tolist() == ["answered", "blocked", "rejected"]
    assert frame["talk_seconds"].fillna(-1).tolist() == [50, -1, -1]
    assert set(frame["test_id"]) == {"j"}


def test_ai_calls_volcengine(tmp_path):
    """Milliseconds for moments, seconds for the duration; no connection, no talk."""
    text = """callId,taskOpenId,callee,beginCallTime,ringTime,startTime,endTime,callDuration,callResult,releaseType,callTimes,IntegerentionGrading
v1,t,13900000001,1767240000000,1767240009000,1767240009500,1767240017500,8,接通,y,1,A
v2,t,13900000002,1767240000000,1767240009000,0,1767240017500,0,未接通,y,1,
"""
    _, frame = deliveries(tmp_path, "ai_calls_volcengine", text)
    assert frame["connected_at"].tolist() == ["2026-01-01 12:00:09", None]
    assert frame["talk_seconds"].fillna(-1).tolist() == [8, -1]
    assert sorted(frame["status"]) == ["接通", "未接通"]
